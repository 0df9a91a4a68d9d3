import { strict as assert } from 'node:assert';
import { readdirSync, readlinkSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createNetServer } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Engine, type EngineOptions, type ServerOptions } from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, leakCheck, withEngine } from '../kit/test-engine.ts';
import { until } from '../kit/until.ts';

const HOST = { host: '127.0.0.1' };
const NO_HANDLERS = new URL('../fixtures/no-handlers.ts', import.meta.url);
const FAILING = new URL('../fixtures/failing-module.ts', import.meta.url);
const MISSING = new URL('../fixtures/no-such-file.ts', import.meta.url);
const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

/** How many sockets this process has, in all of its threads. */
function openSockets(): number {
  const descriptors = readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
    } catch {
      return false; // that of readdir itself
    }
  });
  return descriptors.length;
}

test('an option that is wrong is refused at once, with its name, its value and what is allowed', () => {
  assert.throws(() => new Engine({ shards: -1 }), {
    name: 'EngineError',
    code: 'ERR_OPTION',
    message: 'shards: -1 is not a whole number from 0 to 256',
  });
  assert.throws(() => new Engine({ shard: 1 } as EngineOptions), {
    code: 'ERR_OPTION',
    message: /^shard: no such option; there are shards, /,
  });
  const engine = new Engine({ shards: 0 });
  assert.throws(() => engine.server({ endpoint: 'chat?a' }), {
    code: 'ERR_OPTION',
    message:
      "endpoint: 'chat?a' is not '' or a path such as '/chat' without query; '*' and ':name' stand for nothing yet",
  });
  const options = { endpoint: '/a', codec: 'json' } as unknown as ServerOptions;
  assert.throws(() => engine.server(options), {
    code: 'ERR_OPTION',
    message: "codec: 'json' is not 'text' or 'msgpack' or 'negotiate'",
  });
  // Nothing has been taken by what was refused.
  assert.equal(engine.server({ endpoint: '/a' }).endpoint, '/a');
});

test('what listen, attach, close and onConnection get is checked', async () => {
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards: 1 });
  const server = engine.server({ endpoint: '/a' });
  const wrong = { code: 'ERR_OPTION' };
  await assert.rejects(engine.listen(0, { request: 'app' as never }), wrong);
  await assert.rejects(engine.listen(0, { port: 1 } as never), wrong);
  for (const app of [{}, undefined, createTlsServer(), createNetServer()]) {
    await assert.rejects(engine.attach(app as never), {
      ...wrong,
      message: /^attach: [^\n]{1,30} is not a plain http\.Server \(/,
    });
  }
  for (const options of [{ timeoutMs: -1 }, { timeoutMs: 2 ** 31 }, { timeout: 5 }, 5]) {
    await assert.rejects(engine.close(options as never), wrong);
    await assert.rejects(server.close(options as never), wrong);
  }
  assert.throws(() => server.onConnection('nope' as never), wrong);
  // What was refused has started and ended nothing.
  assert.deepEqual(engine.shards, []);
  const { port } = await engine.listen(0, HOST);
  await using client = await RawClient.open(port, '/a');
  await client[Symbol.asyncDispose]();
  await engine.close();
  await leavesNothing();
});

test('two servers cannot have one endpoint at a time', async () => {
  await withEngine({ shards: 0 }, async ({ engine }) => {
    const server = engine.server({ endpoint: '/a' });
    assert.throws(() => engine.server({ endpoint: '/a', codec: 'msgpack' }), {
      code: 'ERR_ENDPOINT_TAKEN',
      message: /'\/a'/,
    });
    engine.server({ endpoint: '/a/' });
    const closing = server.close();
    engine.server({ endpoint: '/a' });
    await closing;
    assert.throws(() => engine.server({ endpoint: '/a' }), { code: 'ERR_ENDPOINT_TAKEN' });
  });
});

test('a server has its handlers in a module or on the primary', async () => {
  await withEngine({ shards: 0 }, async ({ engine }) => {
    const server = engine.server({ endpoint: '/a', handlers: VERBS });
    assert.throws(() => server.onConnection(() => {}), {
      code: 'ERR_HANDLERS_CONFLICT',
      message: /^\/a has its handlers in a module/,
    });
    await server.ready;
  });
});

for (const [title, handlers, message] of [
  ['is not there', MISSING, /no-such-file\.ts could not be loaded: /],
  ['throws', FAILING, /failing-module\.ts could not be loaded: this module cannot be loaded$/],
  [
    'has no onConnection',
    NO_HANDLERS,
    /no-handlers\.ts does not export a function onConnection \(a default export does not count\)$/,
  ],
] as const) {
  test(`a module that ${title}: listen is refused`, async () => {
    for (const shards of [0, 2]) {
      const leavesNothing = leakCheck();
      await using engine = new Engine({ shards });
      const errors: unknown[] = [];
      engine.on('error', (error) => errors.push(error));
      const server = engine.server({ endpoint: '/bad', handlers });
      engine.server({ endpoint: '/good' });
      await assert.rejects(engine.listen(0, HOST), { code: 'ERR_HANDLERS_LOAD', message });
      await assert.rejects(server.ready, { code: 'ERR_HANDLERS_LOAD' });
      // Without it the rest is as good as ever.
      await server.close();
      const { port } = await engine.listen(0, HOST);
      await using client = await RawClient.open(port, '/good');
      assert.equal(client.socket.destroyed, false);
      await client[Symbol.asyncDispose]();
      await engine.close();
      assert.notEqual(errors.length, 0);
      await leavesNothing();
    }
  });

  test(`a module that ${title}: what is refused for it leaves no descriptor`, {
    skip: process.platform !== 'linux' && 'descriptors are counted in /proc',
    timeout: 5_000,
  }, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port, errors }) => {
      const server = engine.server({ endpoint: '/bad', handlers });
      await assert.rejects(server.ready, { code: 'ERR_HANDLERS_LOAD' });
      const before = openSockets();
      for (let i = 0; i < 6; i++) {
        await using refused = await RawClient.connect(port);
        refused.send(upgradeRequest('/bad'));
        assert.match(await refused.rest(), /^HTTP\/1\.1 503 /);
      }
      await until(() => openSockets() <= before);
      assert.deepEqual(
        engine.shards.map(({ connections }) => connections),
        [0, 0],
      );
      await server.close(); // both shards have said by then what was wrong
      errors.length = 0; // what they are is for the test behind this one
    });
  });

  test(`a module that ${title}: upgrades to its server are refused, and no others`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port, errors }) => {
      const server = engine.server({ endpoint: '/bad', handlers });
      await addServer(engine, 'module', VERBS, { endpoint: '/good' });
      await assert.rejects(server.ready, { code: 'ERR_HANDLERS_LOAD', message });
      for (let i = 0; i < 4; i++) {
        await using refused = await RawClient.connect(port);
        refused.send(upgradeRequest('/bad'));
        assert.equal(
          await refused.rest(),
          'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n' +
            'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 19\r\n\r\n' +
            'Service Unavailable',
        );
        await using taken = await RawClient.open(port, '/good');
        assert.equal(taken.socket.destroyed, false);
      }
      await server.close();
      const good = await addServer(engine, 'closures', VERBS, { endpoint: '/bad' });
      await using client = await RawClient.open(port, '/bad');
      assert.equal(client.socket.destroyed, false);
      await good.close({ timeoutMs: 1 });
      assert.deepEqual(
        new Set(errors.splice(0).map(({ code }) => code)),
        new Set(['ERR_HANDLERS_LOAD']),
      );
    });
  });
}

test('a module that cannot be loaded is told once: by listen, else by one warning', async () => {
  const warned: Error[] = [];
  const onWarning = (warning: Error) => warned.push(warning);
  process.on('warning', onWarning);
  try {
    await using engine = new Engine({ shards: 3 });
    const early = engine.server({ endpoint: '/early', handlers: MISSING });
    await assert.rejects(engine.listen(0, HOST), { code: 'ERR_HANDLERS_LOAD' });
    assert.deepEqual(warned, []);
    await early.close();
    await engine.listen(0, HOST);
    const late = engine.server({ endpoint: '/late', handlers: MISSING });
    await assert.rejects(late.ready, { code: 'ERR_HANDLERS_LOAD' });
    await late.close(); // all shards have said by then what was wrong
    await nextTurn();
    assert.equal(warned.length, 1);
    assert.match(String(warned[0]), /no-such-file\.ts could not be loaded: /);
    assert.doesNotMatch(inspect(warned[0]), /node:internal/);
  } finally {
    process.off('warning', onWarning);
  }
});
