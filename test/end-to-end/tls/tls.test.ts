import { strict as assert } from 'node:assert';
import { type EventEmitter, once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { Engine, type TlsOptions } from '../../../src/main/index.ts';
import { upgradeRequest } from '../kit/raw-client.ts';
import { leakCheck, withEngine } from '../kit/test-engine.ts';
import { identity, speakTls, tlsFile } from '../kit/transport.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const CA = tlsFile('ca.pem');
const HOST = { host: '127.0.0.1' };
const options = { timeout: 20_000 };

speakTls();

/** A connection whose TLS handshake is done. */
async function open(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, ...HOST, ca: CA, ...options });
  socket.on('error', () => {}); // 'close' follows
  await once(socket, 'secureConnect');
  return socket;
}

/** Resolves when a connection is gone, well or badly. */
async function gone(socket: EventEmitter): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  await promise;
}

/** The name for which the certificate was made that a client of a server name is shown. */
async function shownTo(port: number, servername?: string): Promise<unknown> {
  const named = servername === undefined ? {} : { servername };
  const socket = await open(port, { ...named, checkServerIdentity: () => undefined });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

test('a WebSocket client speaks TLS with a shard, and its address is known', options, async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const addresses: string[] = [];
    const server = engine.server({
      endpoint: '/a',
      authorize: ({ remoteAddress }) => addresses.push(remoteAddress),
    });
    server.onConnection((c) => {
      c.onMessage((m) => c.emitMessage(`${m} on ${c.shard} of ${c.request.remoteAddress}`));
    });
    await server.ready;
    const seen: string[] = [];
    const clients: WebSocket[] = [];
    for (let i = 0; i < 4; i++) {
      const client = new WebSocket(`wss://localhost:${port}/a`, { ca: CA });
      clients.push(client);
      await once(client, 'open');
      client.send('hello');
      seen.push(String((await once(client, 'message'))[0]));
    }
    const answers = [1, 2, 1, 2].map((shard) => `hello on ${shard} of 127.0.0.1`);
    assert.deepEqual(seen, answers, 'each goes where the fewest are');
    assert.deepEqual(addresses, new Array(4).fill('127.0.0.1'));
    for (const client of clients) {
      client.close();
      await once(client, 'close');
    }
  });
});

test('a certificate is replaced while the engine runs', options, async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    engine.server({ endpoint: '/v', handlers: VERBS });
    assert.equal(await shownTo(port), 'first');
    const old = new WebSocket(`wss://127.0.0.1:${port}/v`, { ca: CA });
    await once(old, 'open');
    engine.setTls(port, identity('second'));
    for (let i = 0; i < 4; i++) assert.equal(await shownTo(port), 'second');
    old.ping();
    await once(old, 'pong');
    old.close();
    await once(old, 'close');
    assert.throws(() => engine.setTls(port, { key: 'no key', cert: 'x' }), { code: 'ERR_OPTION' });
    assert.equal(await shownTo(port), 'second', 'what is refused changes nothing');
    const message = `port: the engine does not speak TLS on ${port - 1}`;
    assert.throws(() => engine.setTls(port - 1, identity('second')), { message });
  });
});

test('a shard that takes the place of a dead one speaks TLS, too', options, async () => {
  await withEngine({ shards: 1 }, async ({ engine, port, errors }) => {
    const server = engine.server({ endpoint: '/v', handlers: VERBS });
    await server.ready;
    const held = await open(port); // and dies with its shard
    const client = new WebSocket(`wss://127.0.0.1:${port}/v`, { ca: CA });
    await once(client, 'open');
    const dead = new Promise((resolve) => engine.once('error', resolve));
    client.on('error', () => {});
    client.send('iris-websocket-message:do;4;["die"]');
    await Promise.all([gone(client), gone(held), dead]);
    engine.setTls(port, identity('second'));
    assert.equal(await shownTo(port), 'second');
    assert.deepEqual(
      errors.splice(0).map(({ code }) => code),
      ['ERR_SHARD_EXIT'],
    );
    assert.deepEqual(engine.shards, [{ shard: 1, connections: 0 }]);
  });
});

test('each server name has its own certificate', options, async () => {
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards: 1 });
  const sni = { '*.Example.test': identity('wildcard'), 'a.example.test': identity('exact') };
  const { port } = await engine.listen(0, { ...HOST, tls: { ...identity('first'), sni } });
  assert.equal(await shownTo(port, 'a.example.test'), 'exact');
  assert.equal(await shownTo(port, 'A.Example.TEST'), 'exact');
  assert.equal(await shownTo(port, 'b.example.test'), 'wildcard');
  for (const name of ['b.c.example.test', 'example.test', 'elsewhere.test', undefined]) {
    assert.equal(await shownTo(port, name), 'first');
  }
  await engine.close();
  await leavesNothing();
});

test('HTTP/1.1 is what is spoken, and nothing else', options, async () => {
  await withEngine({ shards: 1 }, async ({ port }) => {
    const socket = await open(port, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
    const refused = open(port, { ALPNProtocols: ['h2'] });
    await assert.rejects(refused, { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
  });
});

test('a session is resumed in whatever shard the client comes to', options, async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = await open(port, { maxVersion });
      const [ticket] = maxVersion === 'TLSv1.3' ? await once(first, 'session') : [];
      const session = (ticket ?? first.getSession()) as Buffer;
      // As the first one is still there, these are in one shard and in the other.
      const others = [];
      for (let i = 0; i < 2; i++) others.push(await open(port, { maxVersion, session }));
      assert.deepEqual(
        others.map((socket) => socket.isSessionReused()),
        [true, true],
        maxVersion,
      );
      engine.setTls(port, identity('first'));
      const later = await open(port, { maxVersion, session });
      assert.equal(
        later.isSessionReused(),
        false,
        'who entered by the old keys proves itself anew',
      );
      for (const socket of [first, ...others, later]) {
        socket.destroy();
        await once(socket, 'close');
      }
    }
  });
});

test('a client certificate is asked for, and checked', options, async () => {
  await using engine = new Engine({ shards: 1 });
  const tls: TlsOptions = { ...identity('first'), ca: CA, requestCert: true };
  const { port } = await engine.listen(0, { ...HOST, tls });
  const client = { key: tlsFile('client.key'), cert: tlsFile('client.pem') };
  const known = await open(port, client);
  known.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(String((await once(known, 'data'))[0]), /^HTTP\/1\.1 404 /);
  known.destroy();
  const unknown = await open(port).catch(() => undefined); // TLS 1.3 tells it after the handshake
  unknown?.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  unknown?.on('data', () => assert.fail('it has been answered'));
  if (unknown !== undefined) await gone(unknown);
  await engine.close();
});

test('who does not speak TLS is closed, and disturbs nobody', options, async () => {
  await withEngine({ shards: 1 }, async ({ port }) => {
    for (const bytes of [upgradeRequest('/v'), '\0\0\0\0\0\0\0\0', '\x16\x03\x01\xff\xff']) {
      const socket = connectTcp(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(bytes).resume();
      await once(socket, 'close');
    }
    const gone = connectTcp(port, '127.0.0.1');
    await once(gone, 'connect');
    gone.resetAndDestroy();
    assert.equal(await shownTo(port), 'first');
  });
});

test('handshakeTimeout is for TLS and the request together', options, async () => {
  await withEngine({ shards: 1, handshakeTimeout: 200 }, async ({ port }) => {
    const silent = connectTcp(port, '127.0.0.1');
    const silentGone = gone(silent.on('error', () => {}).resume());
    const idle = await open(port);
    const idleGone = gone(idle.resume());
    const half = await open(port);
    const halfGone = gone(half);
    half.write(upgradeRequest('/v').slice(0, -2));
    const [answer] = await once(half, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 408 Request Timeout\r\n/);
    await Promise.all([halfGone, idleGone, silentGone]);
  });
});

test('what authorize returns must be cloneable on a TLS port, too', options, async () => {
  await withEngine({ shards: 1 }, async ({ engine, port, errors }) => {
    const authorize = () => ({ fn() {} });
    const server = engine.server({ endpoint: '/v', handlers: VERBS, authorize });
    await server.ready;
    const client = new WebSocket(`wss://127.0.0.1:${port}/v`, { ca: CA });
    const [{ message }] = (await once(client, 'error')) as [Error];
    assert.equal(message, 'Unexpected server response: 500');
    const [error] = errors.splice(0);
    assert.match(error?.message ?? '', /^\/v: what authorize returned cannot go to a shard: /);
    assert.deepEqual(engine.shards, [{ shard: 1, connections: 0 }]);
  });
});

test('a wrong key or certificate is an error of listen', options, async () => {
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards: 1 });
  const { key, cert } = identity('first');
  const wrong: [unknown, RegExp][] = [
    [{}, /^tls: key and cert are needed, or pfx$/],
    [{ key }, /^tls: key and cert are needed, or pfx$/],
    [{ key, cert: identity('second').cert }, /^tls: .*key values mismatch/],
    [{ key: cert, cert: key }, /^tls: key and cert are swapped$/],
    [{ key: [String(cert)], cert }, /^tls\.key must be a private key, and is a certificate$/],
    [{ key, cert: key }, /^tls\.cert must be a certificate, and is a private key$/],
    [
      { key, cert, sni: { a: { key: cert, cert: key } } },
      /^tls\.sni\['a'\]: key and cert are swapped$/,
    ],
    [{ key, cert: Buffer.from('no certificate') }, /^tls: .*no start line/],
    [{ key: 'key.pem', cert }, /^tls\.key must be PEM text \(no file name\), bytes, or /],
    [{ key, cert: ['cert.pem'] }, /^tls\.cert must be PEM text \(no file name\), bytes, or /],
    [{ key, cert, ciphers: 'none such' }, /^tls: .*no cipher match/],
    [{ key: 7, cert }, /^tls\.key must be PEM text \(no file name\), bytes, /],
    [{ key: { pem: key }, cert }, /^tls\.key must be PEM text .*, or an array of these and of /],
    [{ pfx: String(key) }, /^tls\.pfx must be bytes$/],
    [{ key, cert, SNICallback() {} }, /^tls\.SNICallback: no such option; there are key, /],
    [{ key, cert, ticketKeys: Buffer.alloc(47) }, /^tls\.ticketKeys must be 48 bytes$/],
    [{ key, cert, sni: { 'a.test': { key } } }, /^tls\.sni\['a\.test'\]: key and cert are needed/],
    [{ key, cert, sni: { 'a.*.test': { key, cert } } }, /^tls\.sni\['a\.\*\.test'\] must be a /],
    [
      { key, cert, sni: { a: String(key) } },
      /^tls\.sni\['a'\] must be an object with key and cert$/,
    ],
    [String(key), /^tls must be an object with key and cert$/],
  ];
  for (const [tls, message] of wrong) {
    const listening = engine.listen(0, { ...HOST, tls: tls as TlsOptions });
    await assert.rejects(listening, { code: 'ERR_OPTION', message });
  }
  await engine.close();
  await leavesNothing();
});

test('a client of TLS 1.2 that renegotiates is cut', options, async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    engine.server({ endpoint: '/v', handlers: VERBS });
    for (const isWebSocket of [false, true]) {
      const socket = await open(port, { maxVersion: 'TLSv1.2' });
      if (isWebSocket) {
        socket.write(upgradeRequest('/v'));
        assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 101 /);
      }
      socket.renegotiate({ rejectUnauthorized: false }, () => {});
      await gone(socket.resume());
    }
  });
});
