import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { prometheusText } from '../../../src/main/observe/prometheus.ts';
import type { EngineStats, ServerStats, ShardStats } from '../../../src/shared/api/stats.ts';
import { ParsedMetrics } from './parsed-metrics.ts';
import { PLAIN, serverStats, THREAD } from './stats-samples.ts';

function shardStats(shard: number, servers: ServerStats[]): ShardStats {
  return { ...THREAD, shard, restarts: shard - 1, connections: 0, servers };
}

function statsOf(shards: ShardStats[], more: Partial<EngineStats> = {}): EngineStats {
  const servers = [{ endpoint: '/a', emitted: 1000, invalidPayloads: 20, expired: 2 }];
  const primary = { ...THREAD, servers, plain: PLAIN };
  const restarts = shards.map(({ shard, restarts }) => ({ shard, restarts }));
  return { primary, shards, silentShards: [], restarts, servers: [], slowest: [], ...more };
}

const STATS = statsOf(
  [shardStats(1, [serverStats('/a', 1), serverStats('/b', 2)]), shardStats(2, [])],
  {
    silentShards: [3],
    restarts: [1, 2, 3].map((shard) => ({ shard, restarts: shard - 1 })),
  },
);

test('a parser reads every metric, with its type, its help and a unit in its name', () => {
  const { all } = new ParsedMetrics(prometheusText(STATS));
  const names = all.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, 'each once');
  for (const { name, type, help } of all) {
    assert.match(name, /^fanring_[a-z0-9_]+$/);
    assert.match(help, /^[A-Z].*\.$/);
    assert.equal(name.endsWith('_total'), type === 'COUNTER', name);
  }
  const UNITS = /_(bytes|seconds|ratio)(_total)?$/;
  const counts = names.filter((name) => !UNITS.test(name));
  assert.deepEqual(counts.sort(), [
    'fanring_connections',
    'fanring_connections_expired_total',
    'fanring_connections_opened_total',
    'fanring_messages_delivered_total',
    'fanring_messages_dropped_total',
    'fanring_messages_emitted_total',
    'fanring_messages_received_total',
    'fanring_payloads_invalid_total',
    'fanring_plain_connections',
    'fanring_plain_connections_refused_total',
    'fanring_rooms',
    'fanring_shard_restarts_total',
    'fanring_shard_up',
    'fanring_slow_consumers_total',
  ]);
});

test('each number of a server comes out under its own name', () => {
  const metrics = new ParsedMetrics(prometheusText(STATS));
  const FACTORS: [name: string, factor: number][] = [
    ['connections', 1],
    ['rooms', 2],
    ['connections_opened_total', 3],
    ['messages_received_total', 4],
    ['messages_delivered_total', 6],
    ['dropped_bytes_total', 10],
    ['received_bytes_total', 11],
    ['sent_bytes_total', 12],
    ['queued_bytes', 13],
    ['slow_consumers_total', 14],
    ['connections_expired_total', 15],
  ];
  for (const [name, factor] of FACTORS) {
    const a = metrics.values(`fanring_${name}`, { endpoint: '/a', shard: '1' });
    assert.deepEqual(a, [factor], name);
    const b = metrics.values(`fanring_${name}`, { endpoint: '/b', shard: '1' });
    assert.deepEqual(b, [2 * factor], name);
  }
  for (const [at, reason] of ['slow', 'latest', 'closed'].entries()) {
    const dropped = metrics.values('fanring_messages_dropped_total', { endpoint: '/a', reason });
    assert.deepEqual(dropped, [7 + at], reason);
  }
  const emitted = (shard: string) =>
    metrics.values('fanring_messages_emitted_total', { endpoint: '/a', shard });
  assert.deepEqual([emitted('primary'), emitted('1')], [[1000], [5]]);
  const invalid = (shard: string) =>
    metrics.values('fanring_payloads_invalid_total', { endpoint: '/a', shard });
  assert.deepEqual([invalid('primary'), invalid('1')], [[20], [13]]);
});

test('plain connections come out, and for which reasons others were refused', () => {
  const metrics = new ParsedMetrics(prometheusText(STATS));
  assert.deepEqual(metrics.values('fanring_plain_connections'), [21]);
  for (const [at, reason] of ['limit', 'address', 'unanswered'].entries()) {
    const refused = metrics.values('fanring_plain_connections_refused_total', { reason });
    assert.deepEqual(refused, [22 + at], reason);
  }
});

test('what a thread says comes out in bytes, ratios and seconds', () => {
  const metrics = new ParsedMetrics(prometheusText(STATS));
  const of = (name: string) => metrics.values(`fanring_${name}`, { shard: 'primary' })[0];
  assert.equal(of('mailbox_unread_bytes'), 128);
  assert.equal(of('outbox_bytes'), 64);
  assert.equal(of('mailbox_fill_ratio'), 0.25);
  assert.equal(of('event_loop_utilization_ratio'), 0.5);
  for (const name of ['mailbox_lag', 'event_loop_delay']) {
    const values = ['p50', 'p99', 'max'].map((value) => of(`${name}_${value}_seconds`));
    assert.deepEqual(values, [0.001, 0.25, 1.5], name);
  }
});

test('a shard that has not answered is down, and its restarts are told', () => {
  const metrics = new ParsedMetrics(prometheusText(STATS));
  const up = ['1', '2', '3'].map((shard) => metrics.values('fanring_shard_up', { shard })[0]);
  assert.deepEqual(up, [1, 1, 0]);
  assert.deepEqual(metrics.values('fanring_shard_restarts_total'), [0, 1, 2]);
});

test('several servers of one endpoint are one sample, whatever the endpoint', () => {
  const odd = '/a"b\\c\nd%20ä';
  const shard = shardStats(1, [serverStats(odd, 1), serverStats('/b', 5), serverStats(odd, 2)]);
  const metrics = new ParsedMetrics(prometheusText(statsOf([shard])));
  assert.deepEqual(metrics.values('fanring_rooms', { endpoint: odd }), [6]);
  assert.deepEqual(metrics.values('fanring_rooms'), [6, 10]);
});
