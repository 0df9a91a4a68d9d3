import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { StatsCollector } from '../../../src/main/observe/stats-collector.ts';
import type { ShardHost } from '../../../src/main/shards/shard-host.ts';
import type { ServerStats } from '../../../src/shared/api/stats.ts';
import type { ToShard } from '../../../src/shared/messages/control-messages.ts';
import { PLAIN, serverStats, snapshot, THREAD } from './stats-samples.ts';

type SnapshotAsk = Extract<ToShard, { type: 'take-snapshot' }>;

/** A collector of three shards that say nothing by themselves, and what they have been asked. */
function openCollector(shards = [1, 2, 3]) {
  const asked: SnapshotAsk[] = [];
  const hosts = shards.map((number) => {
    return { number, post: (message: SnapshotAsk) => asked.push(message) } as unknown as ShardHost;
  });
  const servers = [
    { endpoint: '/a', emitted: 1000, invalidPayloads: 20, expired: 100 },
    { endpoint: '/new', emitted: 0, invalidPayloads: 0, expired: 0 },
  ];
  const entries = new Map(servers.map((stats, at) => [at, { stats }]));
  const collector = new StatsCollector(hosts, { stats: () => THREAD }, entries, {
    plain: PLAIN,
  });
  const answer = (shard: number, ask: number, servers: ServerStats[], queued: number[] = []) =>
    collector.receive(shard, {
      type: 'snapshot',
      ask,
      snapshot: snapshot(shard, servers, queued),
    });
  return { collector, hosts, asked, answer };
}

const FOREVER = { timeoutMs: 2 ** 31 - 1 };

test('what the shards say is put together when the last has answered', async () => {
  const { collector, asked, answer } = openCollector();
  const collected = collector.collect(FOREVER);
  const [{ ask }] = asked as [SnapshotAsk];
  assert.equal(asked.length, 3);
  answer(2, ask, [serverStats('/a', 10)]);
  answer(3, ask, [serverStats('/b', 1)]);
  answer(1, ask, [serverStats('/a', 1), serverStats('/b', 2)]);
  const { shards, servers, silentShards, primary } = await collected;
  assert.deepEqual(primary.plain, PLAIN);
  assert.deepEqual(
    shards.map(({ shard, connections, restarts }) => [shard, connections, restarts]),
    [
      [1, 3, 0],
      [2, 10, 0],
      [3, 1, 0],
    ],
  );
  assert.deepEqual(servers, [
    { ...serverStats('/a', 11), emitted: 1055, invalidPayloads: 163, expired: 265 },
    serverStats('/new', 0),
    serverStats('/b', 3),
  ]);
  assert.deepEqual(silentShards, []);
  assert.deepEqual(primary.mailbox, THREAD.mailbox);
});

test('a shard that does not answer in time is named, and its late answer is of no consequence', async () => {
  const { collector, asked, answer } = openCollector();
  const collected = collector.collect({ timeoutMs: 1 });
  const [{ ask }] = asked as [SnapshotAsk];
  answer(2, ask, [serverStats('/a', 1)]);
  const { shards, silentShards, servers } = await collected;
  assert.deepEqual([shards.map(({ shard }) => shard), silentShards], [[2], [1, 3]]);
  assert.deepEqual(servers[0], {
    ...serverStats('/a', 1),
    emitted: 1005,
    invalidPayloads: 33,
    expired: 115,
  });
  answer(1, ask, []);
});

test('a shard that dies is not waited for; it counts as silent, and as replaced', async () => {
  const { collector, asked, answer } = openCollector([1, 2]);
  const collected = collector.collect(FOREVER);
  const [{ ask }] = asked as [SnapshotAsk];
  collector.shardDied(2);
  answer(1, ask, []);
  assert.deepEqual((await collected).silentShards, [2]);

  const again = collector.collect(FOREVER);
  for (const shard of [1, 2]) answer(shard, ask + 1, []);
  const { shards, silentShards } = await again;
  assert.deepEqual(silentShards, []);
  assert.deepEqual(
    shards.map(({ restarts }) => restarts),
    [0, 1],
  );
});

test('a shard that is to be started again is named as silent, even if no other runs', async () => {
  const { collector, hosts, asked, answer } = openCollector([1, 2]);
  collector.shardDied(2);
  hosts.pop();
  const collected = collector.collect(FOREVER);
  const [{ ask }] = asked as [SnapshotAsk];
  answer(1, ask, []);
  const { silentShards, restarts } = await collected;
  assert.deepEqual(silentShards, [2]);
  assert.deepEqual(restarts, [
    { shard: 1, restarts: 0 },
    { shard: 2, restarts: 1 },
  ]);
  collector.shardDied(1);
  hosts.pop();
  assert.deepEqual((await collector.collect(FOREVER)).silentShards, [1, 2]);
});

test('the slowest connections of all shards are named, the slowest first', async () => {
  const { collector, asked, answer } = openCollector([1, 2]);
  const collected = collector.collect({ ...FOREVER, slowest: 3 });
  const [{ ask, slowest }] = asked as [SnapshotAsk];
  assert.equal(slowest, 3);
  answer(1, ask, [], [50, 40, 10]);
  answer(2, ask, [], [60, 45]);
  const ids = (await collected).slowest.map(({ id }) => id);
  assert.deepEqual(ids, ['2-60', '1-50', '2-45']);
});

test('without a shard, and when the engine closes, nobody is waited for', async () => {
  assert.deepEqual((await openCollector([]).collector.collect(FOREVER)).shards, []);
  const { collector } = openCollector([1]);
  const collected = collector.collect(FOREVER);
  collector.close();
  assert.deepEqual((await collected).silentShards, [1]);
});

test('the options are checked', async () => {
  const { collector } = openCollector([]);
  for (const options of [{ timeoutMs: 0 }, { slowest: -1 }, { slowest: 1001 }, { other: 1 }]) {
    await assert.rejects(collector.collect(options), { code: 'ERR_OPTION' });
  }
});
