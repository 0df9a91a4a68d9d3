import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Engine, type EngineOptions, type ShardExit } from '../../../src/main/index.ts';
import { exitsFile, type Loading } from '../fixtures/loading.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { leakCheck, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { listenOptions, skippedOverTls } from '../kit/transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanring-loading-'));
const file = join(folder, 'how');
const HANDLERS = new URL('../fixtures/loading.ts', import.meta.url);
HANDLERS.search = encodeURIComponent(file);
after(() => rmSync(folder, { recursive: true }));

/** From here on loading the module comes to this. */
function loads(how: Loading): void {
  writeFileSync(file, how);
}

/** Runs `body` with an engine whose shards have the module. */
async function withModule(options: EngineOptions, body: (context: TestEngine) => Promise<void>) {
  loads('well');
  await withEngine(options, async (context) => {
    context.engine.on('shardExit', () => {});
    await context.engine.server({ endpoint: '/m', handlers: HANDLERS }).ready;
    await body(context);
    await context.engine.close({ timeoutMs: 100 }); // a module that hangs is not waited for
  });
}

/** The shards of so many new connections, which are open at a time. */
async function shardsOfNext(count: number, { port }: TestEngine, path = '/m'): Promise<unknown[]> {
  await using clients = new AsyncDisposableStack();
  const shards = [];
  for (let i = 0; i < count; i++) {
    const client = clients.use(await TestClient.open({ port }, path));
    shards.push(await client.next());
  }
  return shards;
}

/** Ends shard 1; its replacement will load the module in such a way. */
async function replaceShard({ engine, port }: TestEngine, how: Loading): Promise<void> {
  const client = await TestClient.open({ port }, '/m');
  assert.equal(await client.next(), '1');
  loads(how);
  const exit = once(engine, 'shardExit');
  client.send('die');
  await exit;
  await client.closed();
}

test('a replacement that fails to load a module gets nobody, and another one is tried', async () => {
  await withModule({ shards: 2 }, async (context) => {
    const { engine, errors } = context;
    const failed = once(engine, 'error');
    await replaceShard(context, 'throws');
    await failed;
    const [exit] = (await once(engine, 'shardExit')) as [ShardExit];
    assert.deepEqual([exit.shard, exit.attempt], [1, 2]);
    assert.equal((exit.cause as { code?: string }).code, 'ERR_HANDLERS_LOAD');
    assert.deepEqual(await shardsOfNext(3, context), ['2', '2', '2']);
    loads('well');
    while (!(await shardsOfNext(2, context)).includes('1'));
    const codes = new Set(errors.splice(0).map(({ code }) => code));
    assert.deepEqual([...codes], ['ERR_HANDLERS_LOAD']);
  });
});

test('a replacement whose module does not come to load gets nobody', async () => {
  await withModule({ shards: 2 }, async (context) => {
    await replaceShard(context, 'hangs');
    assert.deepEqual(await shardsOfNext(3, context), ['2', '2', '2']);
  });
});

test('nor does it get connections of servers that it has', async () => {
  await withModule({ shards: 2 }, async (context) => {
    const closures = context.engine.server({ endpoint: '/c' });
    closures.onConnection((c) => c.emitMessage(`${c.shard}`));
    await closures.ready;
    await replaceShard(context, 'hangs');
    assert.deepEqual(await shardsOfNext(3, context, '/c'), ['2', '2', '2']);
  });
});

test('an upgrade waits for its server no longer than handshakeTimeout', async () => {
  await withModule({ shards: 1, handshakeTimeout: 800 }, async (context) => {
    await replaceShard(context, 'hangs');
    // Its thread has begun: a TLS handshake that has to wait for that takes its time of the 800 ms.
    assert.deepEqual((await context.engine.stats({ timeoutMs: 60_000 })).silentShards, []);
    const clients = [];
    for (let i = 0; i < 3; i++) {
      const client = await RawClient.connect(context.port);
      client.send(upgradeRequest('/m'));
      clients.push(client);
    }
    for (const client of clients) {
      assert.match(await client.rest(), /^HTTP\/1\.1 503 /);
      await client[Symbol.asyncDispose]();
    }
    assert.deepEqual(context.engine.shards, [{ shard: 1, connections: 0 }]);
  });
});

const skip = skippedOverTls('a TLS handshake is lost with the thread that it goes on in');

test('upgrades are refused while the only shard cannot load it, and then no more', {
  skip,
}, async () => {
  await withModule({ shards: 1 }, async (context) => {
    const { engine, port, errors } = context;
    const failed = once(engine, 'error');
    await replaceShard(context, 'throws');
    await using client = await RawClient.connect(port);
    client.send(upgradeRequest('/m'));
    assert.match(await client.rest(), /^$|^HTTP\/1\.1 503 /); // or lost with the thread
    await failed;
    loads('well');
    while (true) {
      await using next = await RawClient.connect(port);
      next.send(upgradeRequest('/m'));
      if ((await next.head()).startsWith('HTTP/1.1 101 ')) break;
    }
    for (const { code } of errors.splice(0)) assert.equal(code, 'ERR_HANDLERS_LOAD');
  });
});

for (const shards of [1, 2]) {
  test(`a module that ends its thread is one that cannot be loaded: ${shards} shards`, async () => {
    const leavesNothing = leakCheck();
    loads('exits');
    await using engine = new Engine({ shards });
    engine.on('shardExit', () => {});
    const server = engine.server({ endpoint: '/m', handlers: HANDLERS });
    const expected = { code: 'ERR_HANDLERS_LOAD', message: /died while it loaded .*code: 3/ };
    await assert.rejects(engine.listen(0, listenOptions()), expected);
    await assert.rejects(server.ready, expected);
    await engine.close();
    await leavesNothing();
  });
}

/** Computes until a thread has come to its end: whatever is heard of it is heard behind that. */
function sitOut(): void {
  for (const since = performance.now(); !existsSync(exitsFile(file)); ) {
    if (performance.now() - since > 10_000) throw new Error('no thread has loaded the module');
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
}

test('so is one whose thread has gone before anything that it said is read', async () => {
  const leavesNothing = leakCheck();
  loads('exits');
  rmSync(exitsFile(file), { force: true });
  await using engine = new Engine({ shards: 1 });
  engine.on('shardExit', () => {});
  engine.server({ endpoint: '/m', handlers: HANDLERS });
  process.once('worker', () => setImmediate(sitOut));
  await assert.rejects(engine.listen(0, listenOptions()), { code: 'ERR_HANDLERS_LOAD' });
  await engine.close();
  await leavesNothing();
});

test('a watchdog lets a module take its time to load, and looks after the shard from then on', async () => {
  await withModule({ shards: 1, watchdogMs: 200 }, async (context) => {
    await replaceShard(context, 'is busy');
    const exits: ShardExit[] = [];
    context.engine.on('shardExit', (exit) => exits.push(exit));
    assert.deepEqual(await shardsOfNext(1, context), ['1']);
    assert.deepEqual(exits, []);
    await using client = await TestClient.open(context, '/m');
    const exit = once(context.engine, 'shardExit');
    client.send('block');
    const [{ reason }] = (await exit) as [ShardExit];
    assert.match(reason, /watchdogMs/);
  });
});
