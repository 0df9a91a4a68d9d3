import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls, Server as TlsServer } from 'node:tls';
import { WebSocket } from 'ws';
import { Engine, type EngineOptions } from '../../../src/main/index.ts';
import { closeServer } from '../kit/http-server.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, leakCheck, SETUPS } from '../kit/test-engine.ts';
import { identity, tlsFile } from '../kit/transport.ts';
import { until } from '../kit/until.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const options = { timeout: 20_000 };
const MIB = 2 ** 20;
const LARGE = { maxMessageSize: 4 * MIB, maxBufferedBytes: 8 * MIB };

/** The path of a Unix socket that is not there yet. */
function socketPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fanring-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'sock');
}

async function withEngine(options: EngineOptions, body: (engine: Engine) => Promise<void>) {
  const leavesNothing = leakCheck();
  await using engine = new Engine(options);
  const errors: unknown[] = [];
  engine.on('error', (error) => errors.push(error));
  await body(engine);
  await engine.close();
  assert.deepEqual(errors, []);
  await leavesNothing();
}

/** A client says something large, hears it again, and is closed. */
async function assertServed(client: WebSocket): Promise<void> {
  await once(client, 'open');
  for (const size of [5, 3 * MIB]) {
    client.send('x'.repeat(size));
    assert.equal(String((await once(client, 'message'))[0]).length, size);
  }
  client.close(4000, 'bye');
  assert.equal((await once(client, 'close'))[0], 4000);
}

for (const { place, shards } of SETUPS) {
  test(
    `connections of a Unix socket are served: ${place}, ${shards} shards`,
    options,
    async (t) => {
      const path = socketPath(t);
      await withEngine({ shards, trustProxy: 1 }, async (engine) => {
        const seen: string[] = [];
        const authorize = ({ remoteAddress }: { remoteAddress: string }) =>
          void seen.push(remoteAddress);
        const server = addServer(engine, place, VERBS, { endpoint: '/v', authorize, ...LARGE });
        assert.equal(await engine.listen(path), path);
        await server;
        const headers = { 'X-Forwarded-For': '203.0.113.5' };
        await assertServed(new WebSocket(`ws+unix:${path}:/v`, { headers }));
        const last = new WebSocket(`ws+unix:${path}:/v`, { headers });
        await once(last, 'open');
        assert.deepEqual(seen, ['203.0.113.5', '203.0.113.5']);
        const closed = once(last, 'close');
        await engine.close();
        assert.equal((await closed)[0], 1001);
      });
    },
  );
}

test('a connection of a Unix socket is no plain one from its upgrade on', options, async (t) => {
  const path = socketPath(t);
  await withEngine({ shards: 1, maxPlainConnections: 1 }, async (engine) => {
    engine.server({ endpoint: '/v', handlers: VERBS });
    await engine.listen(path);
    const plain = async () => (await engine.stats()).primary.plain.connections;
    const clients = [];
    for (let i = 0; i < 2; i++) {
      const client = RawClient.on(connect(path));
      clients.push(client);
      client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(await client.head(), /^HTTP\/1\.1 404 /);
      assert.equal(await plain(), 1);
      await client.upgrade('/v');
      assert.equal(await plain(), 0);
    }
    const closed = engine.close();
    for (const client of clients) {
      assert.equal((await client.closeFrame()).code, 1001);
      await client[Symbol.asyncDispose]();
    }
    await closed;
  });
});

test('the PROXY protocol names the client of a Unix socket', options, async (t) => {
  const path = socketPath(t);
  await withEngine({ shards: 1 }, async (engine) => {
    const seen: string[] = [];
    const authorize = ({ remoteAddress }: { remoteAddress: string }) =>
      void seen.push(remoteAddress);
    engine.server({ endpoint: '/v', handlers: VERBS, authorize });
    await engine.listen(path, { proxyProtocol: true });
    const client = connect(path);
    client.write(`PROXY TCP4 203.0.113.5 192.0.2.1 41234 443\r\n${upgradeRequest('/v')}`);
    assert.match(String((await once(client, 'data'))[0]), /^HTTP\/1\.1 101 /);
    assert.deepEqual(seen, ['203.0.113.5']);
    client.destroy();
  });
});

test("an app's own server may listen on a Unix socket", options, async (t) => {
  const path = socketPath(t);
  await withEngine({ shards: 1 }, async (engine) => {
    engine.server({ endpoint: '/v', handlers: VERBS, ...LARGE });
    const app = createServer();
    await engine.attach(app);
    app.listen(path);
    await once(app, 'listening');
    await assertServed(new WebSocket(`ws+unix:${path}:/v`));
    await closeServer(app);
  });
});

test('the end of a relayed connection is seen, on either side', options, async (t) => {
  const path = socketPath(t);
  await withEngine({ shards: 1 }, async (engine) => {
    let ended = Promise.withResolvers<number>();
    const server = engine.server({ endpoint: '/v', pongTimeout: 600_000 });
    server.onConnection((c) => {
      c.onMessage(() => c.disconnect(4001, ''));
      c.onDisconnect(({ code }) => ended.resolve(code));
    });
    await engine.listen(path);
    const open = async (first: string, ends: (socket: Socket) => void) => {
      ended = Promise.withResolvers();
      const socket = connect({ path, allowHalfOpen: false }).on('error', () => {});
      const closed = once(socket, 'close');
      socket.write(first);
      ends(socket.resume());
      assert.equal(await ended.promise, 1006);
      await closed;
    };
    await open(upgradeRequest('/v'), (socket) => socket.end());
    await open(upgradeRequest('/v'), (socket) => socket.once('data', () => socket.destroy()));
  });
});

test('TLS that the app has spoken itself is relayed', options, async () => {
  await withEngine({ shards: 1 }, async (engine) => {
    const server = engine.server({ endpoint: '/v', ...LARGE });
    server.onConnection((c) => c.onMessage((message) => c.emitMessage(message)));
    const app = createServer();
    await engine.attach(app);
    await server.ready;
    const tls = new TlsServer(identity('first'), (socket) => app.emit('connection', socket));
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const { port } = tls.address() as { port: number };
    await assertServed(new WebSocket(`wss://127.0.0.1:${port}/v`, { ca: tlsFile('ca.pem') }));
    tls.close();
    await once(tls, 'close');
  });
});

for (const [how, speak] of [
  ['of a Unix socket', (app: Server) => app],
  ['of TLS', (app: Server) => new TlsServer(identity('first'), (it) => app.emit('connection', it))],
] as const) {
  test(`an end that came while authorize took its time is seen: ${how}`, options, async (t) => {
    const path = socketPath(t);
    await withEngine({ shards: 1 }, async (engine) => {
      const answer = Promise.withResolvers<unknown>();
      const ended = Promise.withResolvers<number>();
      const patient = { authorize: () => answer.promise, pongTimeout: 600_000 };
      const server = engine.server({ endpoint: '/v', ...patient });
      server.onConnection((c) => c.onDisconnect(({ code }) => ended.resolve(code)));
      const app = createServer();
      const upgraded = once(app, 'upgrade');
      await engine.attach(app);
      await server.ready;
      const listening = speak(app).listen(path);
      await once(listening, 'listening');
      const raw = connect(path);
      const client = listening === app ? raw : connectTls({ socket: raw, ca: tlsFile('ca.pem') });
      client.on('error', () => {}).end(upgradeRequest('/v'));
      const [, socket] = (await upgraded) as [unknown, Socket];
      await until(() => how === 'of TLS' || socket.readableEnded);
      answer.resolve({});
      assert.equal(await ended.promise, 1006);
      client.destroy();
      listening.close();
      await once(listening, 'close');
    });
  });
}

test('a shard that dies takes its relayed connections with it', options, async (t) => {
  const path = socketPath(t);
  await withEngine({ shards: 1 }, async (engine) => {
    engine.on('shardExit', () => {});
    engine.server({ endpoint: '/v', handlers: VERBS });
    await engine.listen(path);
    const client = new WebSocket(`ws+unix:${path}:/v`);
    await once(client, 'open');
    client.send('iris-websocket-message:do;4;["die"]');
    assert.equal((await once(client, 'close'))[0], 1006);
  });
});

test('a place that is none is an error, in words', async () => {
  await using engine = new Engine({ shards: 1 });
  const listen = engine.listen.bind(engine) as (
    place: unknown,
    options?: object,
  ) => Promise<unknown>;
  for (const [place, listenOptions, message] of [
    [undefined, {}, /^port: undefined is not a port, 0 to 65535, or the path of a Unix socket/],
    [null, {}, /^port: null is not/],
    ['8080', {}, /^port: '8080' is not/],
    [65_536, {}, /^port: 65536 is not/],
    [{ port: 8080 }, {}, /^port: { port: 8080 } is not/],
    ['/run/a', { host: '::1' }, /^host: '::1' is not possible on a Unix socket \(\/run\/a\)$/],
    [
      '/run/a',
      { tls: identity('first') },
      /^tls must be left out on a Unix socket .*in the proxy$/,
    ],
  ] as const) {
    await assert.rejects(listen(place, listenOptions), { code: 'ERR_OPTION', message });
  }
});
