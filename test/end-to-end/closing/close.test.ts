import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { Engine, type EngineError } from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, leakCheck, SETUPS } from '../kit/test-engine.ts';
import { listenOptions } from '../kit/transport.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const THROWING = new URL('../fixtures/throwing.ts', import.meta.url);
const HOST = listenOptions();
const options = { timeout: 20_000 };
/** Longer than a test may take: what waits for it fails. */
const PATIENT = { timeoutMs: 60_000 };
const CLOSED = { code: 'ERR_ENGINE_CLOSED' };

/** An engine whose errors fail the test that made it. */
function quietEngine(shards: number): Engine {
  const engine = new Engine({ shards, handshakeTimeout: 60_000 });
  engine.on('error', (error) => assert.fail(error));
  return engine;
}

for (const { place, shards } of SETUPS) {
  test(
    `an engine that closes says 1001 to everyone and leaves nothing: ${place}, ${shards} shards`,
    options,
    async () => {
      const leavesNothing = leakCheck();
      await using engine = quietEngine(shards);
      const server = engine.server({ endpoint: '/closures' });
      const told: unknown[] = [];
      server.onConnection((c) => c.onDisconnect(({ code }) => told.push(code)));
      const ports = [(await engine.listen(0, HOST)).port, (await engine.listen(0, HOST)).port];
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      const clients: VerbClient[] = [];
      for (const port of ports) {
        clients.push(await VerbClient.open({ port }, '/v'));
        clients.push(await VerbClient.open({ port }, '/closures'));
      }
      const closing = engine.close();
      assert.equal(engine.close(), closing);
      await closing;
      assert.equal(engine.close(), closing);
      assert.deepEqual(told, [1001, 1001], 'its handlers know before it resolves');
      for (const client of clients) {
        assert.deepEqual(await client.closed(), { code: 1001, reason: '' });
      }
      for (const port of ports) {
        await assert.rejects(RawClient.connect(port), { code: 'ECONNREFUSED' });
      }
      assert.deepEqual(engine.shards, []);
      await leavesNothing();
    },
  );
}

test('an engine closes at the end of its scope', options, async () => {
  const leavesNothing = leakCheck();
  let port = 0;
  {
    await using engine = quietEngine(1);
    ({ port } = await engine.listen(0, HOST));
    await (await RawClient.connect(port))[Symbol.asyncDispose]();
  }
  await assert.rejects(RawClient.connect(port), { code: 'ECONNREFUSED' });
  await leavesNothing();
});

test('an engine that has not started closes, too', options, async () => {
  const leavesNothing = leakCheck();
  await using engine = quietEngine(2);
  const server = engine.server({ endpoint: '/a' });
  await engine.close();
  await assert.rejects(server.ready, CLOSED);
  await leavesNothing();
});

test('an engine and its servers may close at the same time', options, async () => {
  for (const shards of [0, 2]) {
    const leavesNothing = leakCheck();
    await using engine = quietEngine(shards);
    const servers = [
      engine.server({ endpoint: '/a', closeTimeout: 60_000 }),
      engine.server({ endpoint: '/b' }),
    ] as const;
    const { port } = await engine.listen(0, HOST);
    await using client = await VerbClient.open({ port }, '/a');
    await using silent = await RawClient.open(port, '/a');
    const closing = servers[0].close(PATIENT);
    await Promise.all([closing, engine.close({ timeoutMs: 50 }), servers[1].close(PATIENT)]);
    assert.equal((await client.closed()).code, 1001);
    await silent[Symbol.asyncDispose]();
    await leavesNothing();
  }
});

test('what a handler throws at the end is heard before an engine has closed', options, async () => {
  for (const shards of [0, 2]) {
    await using engine = new Engine({ shards });
    const errors: string[] = [];
    engine.on('error', ({ message }) => errors.push(message));
    engine.server({ endpoint: '/t', handlers: THROWING });
    const { port } = await engine.listen(0, HOST);
    await using client = await VerbClient.open({ port }, '/t?disconnect');
    await engine.close();
    assert.deepEqual(errors, ['a handler of onDisconnect on /t threw: threw in disconnect']);
    await client.closed();
  }
});

test('a closed engine takes nothing new', options, async () => {
  await using engine = quietEngine(0);
  await engine.listen(0, HOST);
  const server = engine.server({ endpoint: '/a' });
  await engine.close();
  assert.throws(() => engine.server({ endpoint: '/b' }), CLOSED);
  await assert.rejects(engine.listen(0), CLOSED);
  await assert.rejects(engine.attach({} as never), CLOSED);
  server.to('anyone').emit('said', 'to nobody');
  await server.close();
});

test('an engine that is closed while it starts to listen does not listen', options, async () => {
  for (const shards of [0, 1]) {
    for (const turns of [0, 1, 2, 3, 5, 10]) {
      const leavesNothing = leakCheck();
      await using engine = quietEngine(shards);
      const server = engine.server({ endpoint: '/a', handlers: VERBS });
      if (turns > 0) await engine.listen(0, HOST);
      const refused = assert.rejects(engine.listen(0, HOST), CLOSED);
      for (let i = 0; i < turns; i++) await null;
      await engine.close();
      await refused;
      await server.close();
      await leavesNothing();
    }
  }
});

test('a port that is taken is an error of listen, and of nothing else', options, async () => {
  const leavesNothing = leakCheck();
  await using engine = quietEngine(1);
  const { port } = await engine.listen(0, HOST);
  await assert.rejects(engine.listen(port, HOST), { code: 'EADDRINUSE' });
  await (await RawClient.connect(port))[Symbol.asyncDispose]();
  await engine.close();
  await leavesNothing();
});

test('an engine that closes does not wait for handshakes, and refuses them', options, async () => {
  const leavesNothing = leakCheck();
  await using engine = quietEngine(1);
  const entered = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<unknown>();
  const authorize = () => {
    entered.resolve();
    return answer.promise;
  };
  engine.server({ endpoint: '/slow', authorize });
  const { port } = await engine.listen(0, HOST);
  await using asking = await RawClient.connect(port);
  asking.send(upgradeRequest('/slow'));
  await using half = await RawClient.connect(port);
  half.send(upgradeRequest('/slow').slice(0, -2));
  await using idle = await RawClient.connect(port);
  await entered.promise;
  await engine.close(PATIENT);
  answer.resolve({});
  assert.match(await asking.rest(), /^HTTP\/1\.1 503 (.*\r\n)*\r\nService Unavailable$/);
  for (const client of [half, idle]) assert.equal(await client.rest(), '');
  for (const client of [asking, half, idle]) await client[Symbol.asyncDispose]();
  await leavesNothing();
});

test('an upgrade in the midst of which the engine closes is refused', options, async () => {
  for (const shards of [0, 1]) {
    const leavesNothing = leakCheck();
    await using engine = quietEngine(shards);
    let closing: Promise<void> | undefined;
    const authorize = () => {
      closing = engine.close();
    };
    engine.server({ endpoint: '/a', authorize });
    const { port } = await engine.listen(0, HOST);
    await using client = await RawClient.connect(port);
    client.send(upgradeRequest('/a'));
    assert.match(await client.rest(), /^HTTP\/1\.1 503 /);
    await closing;
    await client[Symbol.asyncDispose]();
    await leavesNothing();
  }
});

test('an engine that closes cuts whoever does not answer after timeoutMs', options, async () => {
  const leavesNothing = leakCheck();
  await using engine = quietEngine(1);
  const reasons: unknown[] = [];
  const server = engine.server({ endpoint: '/a', closeTimeout: 60_000 });
  server.onConnection((c) => c.onDisconnect((reason) => reasons.push(reason)));
  const { port } = await engine.listen(0, HOST);
  await using silent = await RawClient.open(port, '/a');
  await engine.close({ timeoutMs: 20 });
  assert.deepEqual(reasons, [{ code: 1001, reason: '' }]);
  assert.equal((await silent.closeFrame()).code, 1001);
  assert.equal(await silent.rest(), '');
  await silent[Symbol.asyncDispose]();
  await leavesNothing();
});

test('an engine whose errors nobody hears says them as process warnings', options, async () => {
  const leavesNothing = leakCheck();
  const warning = once(process, 'warning');
  await using engine = new Engine({ shards: 0 });
  engine.server({ endpoint: '/a' }).onConnection(() => {
    throw new Error('not heard');
  });
  const { port } = await engine.listen(0, HOST);
  await using client = await RawClient.open(port, '/a');
  const [error] = (await warning) as [EngineError & { detail: string }];
  const message = 'a handler of onConnection on /a threw: not heard';
  assert.deepEqual([error.code, error.message], ['ERR_HANDLER', message]);
  assert.equal(error.name, 'EngineError');
  assert.match(error.detail, /^Error: not heard\n.*close\.test\.ts:/);
  await client[Symbol.asyncDispose]();
  await engine.close();
  await leavesNothing();
});
