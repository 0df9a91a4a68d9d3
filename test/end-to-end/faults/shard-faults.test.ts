import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { All, type EngineOptions, type Server, type ShardExit } from '../../../src/main/index.ts';
import type { Fault } from '../fixtures/faults.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, type TestEngine, withEngine } from '../kit/test-engine.ts';

const FAULTS = new URL('../fixtures/faults.ts', import.meta.url);

interface Case {
  readonly fault: Fault;
  readonly options?: EngineOptions;
  readonly reason: RegExp;
}

const CASES: readonly Case[] = [
  { fault: 'a timer that throws', reason: /^thrown by a timer$/ },
  { fault: 'a rejection that nobody handles', reason: /^rejected$/ },
  { fault: 'process.exit', reason: /exited with code: 7/ },
  {
    fault: 'a heap that is full',
    options: { resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } },
    reason: /memory limit/,
  },
  {
    fault: 'a loop without end',
    options: { watchdogMs: 400 },
    reason: /^its loop stood still for watchdogMs \(400 ms\)$/,
  },
];

/** Two connections of each of two servers, on shard 1, which is to die, and on shard 2. */
async function open({ engine, port }: TestEngine) {
  const ends: string[] = [];
  const closures = engine.server({ endpoint: '/closures' });
  closures.onConnection((c) => {
    c.onMessage((message) => c.to(All).emitMessage(message));
    c.onDisconnect(({ code }) => ends.push(`${c.shard}: ${code}`));
  });
  const modules = await addServer(engine, 'module', FAULTS, { endpoint: '/module' });
  await closures.ready;
  const clients = [];
  for (const path of ['/closures', '/closures', '/module', '/module']) {
    clients.push(await TestClient.open({ port }, path));
  }
  const [lostClosure, closure, victim, module] = clients as [
    TestClient,
    TestClient,
    TestClient,
    TestClient,
  ];
  return { closures, modules, ends, lost: [lostClosure, victim], left: [closure, module], victim };
}

/** Sends numbers to everyone of both servers until a promise has settled; how many. */
async function countUntil(settled: Promise<unknown>, servers: Server[]): Promise<number> {
  let isSettled = false;
  let sent = 0;
  const settle = () => {
    isSettled = true;
  };
  settled.then(settle, settle);
  while (!isSettled) {
    for (const server of servers) server.to(All).emitMessage(`number ${sent}`);
    sent += 1;
    await nextTurn();
  }
  return sent;
}

/** Opens connections until one is on shard 1, which has died. */
async function openOnReplacement({ engine, port }: TestEngine): Promise<void> {
  while (!engine.shards.some(({ shard, connections }) => shard === 1 && connections > 0)) {
    const client = await TestClient.open({ port }, '/module');
    client.send('hello');
    while ((await client.next()) !== 'hello');
    if (engine.shards.some(({ shard, connections }) => shard === 1 && connections > 0)) {
      return client[Symbol.asyncDispose]();
    }
    await client[Symbol.asyncDispose]();
  }
}

for (const { fault, options, reason } of CASES) {
  test(`${fault} ends one shard, and nothing is lost or repeated on the other`, async () => {
    await withEngine({ shards: 2, ...options }, async (context) => {
      const { closures, modules, ends, lost, left, victim } = await open(context);
      const exits: ShardExit[] = [];
      context.engine.on('shardExit', (exit) => exits.push(exit));
      const died = once(context.engine, 'shardExit');
      victim.send(fault);
      const sent = await countUntil(
        died.then(() => openOnReplacement(context)),
        [closures, modules],
      );
      for (const client of lost) assert.equal((await client.closed()).code, 1006);
      for (const [at, client] of left.entries()) {
        client.send(`the end of ${at}`);
        let next = 0;
        for (let message = await client.next(); message !== `the end of ${at}`; ) {
          if (message !== 'hello') assert.equal(message, `number ${next++}`);
          message = await client.next();
        }
        assert.equal(next, sent, 'everyone got everything, once and in order');
      }
      assert.deepEqual(ends, ['1: 1006'], 'each of its connections has ended once');
      assert.equal(exits.length, 1);
      const [exit] = exits as [ShardExit];
      assert.match(exit.reason, reason);
      assert.ok(exit.cause instanceof Error);
      assert.deepEqual([exit.shard, exit.attempt, exit.delayMs], [1, 1, 0]);
      for (const client of left) await client[Symbol.asyncDispose]();
    });
  });
}

test('a shard that keeps dying is said to wait longer each time', async () => {
  await withEngine({ shards: 1 }, async (context) => {
    await addServer(context.engine, 'module', FAULTS, { endpoint: '/module' });
    const seen: [number, number][] = [];
    for (let i = 0; i < 4; i++) {
      const client = await TestClient.open(context, '/module');
      const died = once(context.engine, 'shardExit');
      client.send('process.exit');
      const [{ attempt, delayMs }] = (await died) as [ShardExit];
      seen.push([attempt, delayMs]);
      await client.closed();
    }
    assert.deepEqual(seen, [
      [1, 0],
      [2, 100],
      [3, 200],
      [4, 400],
    ]);
  });
});

test('without a watchdog a loop without end is left alone until the engine closes', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', FAULTS, { endpoint: '/module' });
    const client = await TestClient.open({ port }, '/module');
    engine.on('shardExit', (exit) => assert.fail(exit.reason));
    client.send('hello');
    assert.equal(await client.next(), 'hello');
    client.send('a loop without end');
    while ((await engine.stats({ timeoutMs: 20 })).silentShards.length === 0);
    await engine.close({ timeoutMs: 10 });
    assert.equal((await client.closed()).code, 1006);
  });
});
