import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { RestartBackoff } from '../../../src/main/shards/restart-backoff.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { skippedOverTls } from '../kit/transport.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const LINGERING = new URL('../fixtures/lingering-module.ts', import.meta.url);

/** Two connections of each server, on shard 1 and on shard 2. */
async function openOnBothShards({ engine, port }: TestEngine) {
  await addServer(engine, 'closures', VERBS, { endpoint: '/closures' });
  await addServer(engine, 'module', VERBS, { endpoint: '/module' });
  const closures: VerbClient[] = [];
  const modules: VerbClient[] = [];
  for (const shard of [1, 2]) {
    const closure = await VerbClient.open({ port }, '/closures');
    assert.equal(await closure.do('shard'), shard);
    closures.push(closure);
  }
  for (const shard of [1, 2]) {
    const module = await VerbClient.open({ port }, '/module');
    assert.equal(await module.do('shard'), shard);
    modules.push(module);
  }
  return { closures, modules } as {
    closures: [VerbClient, VerbClient];
    modules: [VerbClient, VerbClient];
  };
}

/** Has the thread of a connection end, and resolves when the engine has said so. */
async function killShardOf(client: VerbClient, { engine }: TestEngine): Promise<void> {
  const exit = once(engine, 'shardExit');
  const shard = await client.do('shard');
  client.ask('die');
  const [{ shard: dead, reason }] = (await exit) as [{ shard: number; reason: string }];
  assert.equal(dead, shard);
  assert.match(reason, /exit/);
}

test('a shard that dies takes its own connections with it, and no others', async () => {
  await withEngine({ shards: 2 }, async (context) => {
    const { closures, modules } = await openOnBothShards(context);
    const [lost, watcher] = closures;
    const id = await lost.do('id');
    await lost.do('join', 'red');
    await watcher.do('join', 'watchers');
    for (const client of [...closures, ...modules]) await client.do('join', 'everywhere');

    await killShardOf(modules[0], context);
    for (const room of ['red', 'everywhere', id]) {
      assert.deepEqual(await watcher.next(), ['saw', [id, 'leave', room]]);
    }
    const disconnect = [id, 'disconnect', [1006, 'the shard died', 0]];
    assert.deepEqual(await watcher.next(), ['saw', disconnect]);
    for (const client of [lost, modules[0]]) assert.equal((await client.closed()).code, 1006);

    for (const client of [watcher, modules[1]]) {
      await client.do('to', 'everywhere', 'still here');
      assert.deepEqual(await client.next(), ['said', 'still here']);
    }
    await watcher.do('endOf', 'watchers');
    assert.deepEqual(await watcher.untilEnd(), [], 'nothing was told twice');
    for (const client of [watcher, modules[1]]) await client[Symbol.asyncDispose]();
  });
});

/** A connection on shard 1, which may not take any for a moment after it has been replaced. */
async function openOnReplacement(port: number, path: string): Promise<VerbClient> {
  while (true) {
    const client = await VerbClient.open({ port }, path);
    if ((await client.do('shard')) === 1) return client;
    await client[Symbol.asyncDispose]();
  }
}

test('its replacement takes connections, which reach the old ones and are reached', async () => {
  await withEngine({ shards: 2 }, async (context) => {
    const { port } = context;
    const { closures, modules } = await openOnBothShards(context);
    let victim = modules[0];
    for (const round of ['first', 'second']) {
      await killShardOf(victim, context);
      victim = await openOnReplacement(port, '/module');
      await using closure = await openOnReplacement(port, '/closures');
      for (const [fresh, old] of [
        [victim, modules[1]],
        [closure, closures[1]],
      ] as const) {
        await fresh.do('join', round);
        await old.do('join', round);
        for (const sender of [fresh, old]) {
          await sender.do('to', round, 'hello');
          assert.deepEqual(await fresh.next(), ['said', 'hello']);
          assert.deepEqual(await old.next(), ['said', 'hello']);
        }
        await old.do('to', await fresh.do('id'), 'by id');
        assert.deepEqual(await fresh.next(), ['said', 'by id']);
      }
    }
    for (const client of [victim, closures[1], modules[1]]) await client[Symbol.asyncDispose]();
  });
});

test('a server of the dead shard has room for connections again, and their ids', async () => {
  await withEngine({ shards: 2 }, async (context) => {
    const { engine, port } = context;
    await addServer(engine, 'module', VERBS, {
      endpoint: '/m',
      maxConnections: 1,
      idGenerator: () => 'the only one',
    });
    for (let i = 0; i < 3; i++) {
      const client = await VerbClient.open({ port }, '/m');
      assert.equal(await client.do('id'), 'the only one');
      await killShardOf(client, context);
    }
  });
});

for (const deaths of [1, 2, 3]) {
  test(`upgrades wait for the only shard, which has died ${deaths} times`, async () => {
    await withEngine({ shards: 1 }, async (context) => {
      await addServer(context.engine, 'module', VERBS, { endpoint: '/m' });
      for (let i = 0; i < deaths; i++) {
        await killShardOf(await VerbClient.open(context, '/m'), context);
      }
      const clients = await Promise.all([1, 2, 3].map(() => TestClient.open(context, '/m')));
      for (const client of clients) {
        client.send('hello');
        assert.equal(await client.next(), 'hello');
        await client[Symbol.asyncDispose]();
      }
    });
  });
}

for (const deaths of [1, 2]) {
  test(`an engine that is closed after a shard has died ${deaths} times leaves nothing`, async () => {
    await withEngine({ shards: 1 }, async (context) => {
      await addServer(context.engine, 'module', VERBS, { endpoint: '/m' });
      for (let i = 0; i < deaths; i++) {
        await killShardOf(await VerbClient.open(context, '/m'), context);
      }
    });
  });
}

const skip = skippedOverTls('there the connection waits, ahead of its upgrade');

test('an upgrade that waits for a shard is refused when the engine closes', { skip }, async (t) => {
  t.mock.method(RestartBackoff.prototype, 'died', () => ({ attempt: 2, delayMs: 60_000 }));
  await withEngine({ shards: 1 }, async (context) => {
    const entered = Promise.withResolvers<void>();
    const authorize = ({ url }: { url: string }) => {
      if (url === '/m?late') entered.resolve();
    };
    await addServer(context.engine, 'module', VERBS, { endpoint: '/m', authorize });
    await killShardOf(await VerbClient.open(context, '/m'), context);
    await using client = await RawClient.connect(context.port);
    client.send(upgradeRequest('/m?late'));
    await entered.promise;
    await context.engine.close();
    assert.match(await client.rest(), /^HTTP\/1\.1 503 /);
  });
});

test('a shard that dies while nobody listens to shardExit is an error', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port, errors }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/m' });
    const client = await VerbClient.open({ port }, '/m');
    const reported = once(engine, 'error');
    client.ask('die');
    await reported;
    const [error, ...others] = errors.splice(0);
    assert.equal(error?.code, 'ERR_SHARD_EXIT');
    assert.match(error.message, /^shard 1 died: .*exit/);
    assert.ok(error.cause instanceof Error);
    assert.deepEqual(others, []);
    await client.closed();
  });
});

test("a dead shard that is not replaced yet fills nobody's outbox", async () => {
  const options = { shards: 2, ringMemory: 2 ** 16, maxOutboxBytes: 10_000 };
  await withEngine(options, async (context) => {
    const { engine, port } = context;
    await addServer(engine, 'module', VERBS, { endpoint: '/m', maxBufferedBytes: 2 ** 30 });
    let victim = await VerbClient.open({ port }, '/m');
    await using survivor = await VerbClient.open({ port }, '/m');
    assert.deepEqual([await victim.do('shard'), await survivor.do('shard')], [1, 2]);
    await killShardOf(victim, context);
    victim = await openOnReplacement(port, '/m');
    await killShardOf(victim, context); // the second time it has to wait for its replacement
    assert.deepEqual(
      engine.shards.map(({ shard }) => shard),
      [2],
    );
    assert.deepEqual(await survivor.do('floodTo', '', 1000, 1000), [1000, '']);
  });
});

test('an engine is not closed while a thread that was cut before is still ending', async () => {
  await withEngine({ shards: 1, watchdogMs: 100 }, async ({ engine }) => {
    const exit = once(engine, 'shardExit');
    engine.server({ endpoint: '/lingering', handlers: LINGERING });
    await exit;
  }); // closes it, and finds no thread
});
