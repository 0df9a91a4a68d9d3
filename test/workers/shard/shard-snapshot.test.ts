import { strict as assert } from 'node:assert';
import { type TestContext, test } from 'node:test';
import type { SlowConnection, ThreadStats } from '../../../src/shared/api/stats.ts';
import { Liveness } from '../../../src/workers/connection/liveness.ts';
import { Counters } from '../../../src/workers/shard/counters.ts';
import { takeSnapshot } from '../../../src/workers/shard/shard-snapshot.ts';
import type { Transport } from '../../../src/workers/write/transport.ts';

const SHARD = 3;
const LIMITS = { pingPeriod: 9e6, pongTimeout: 1e7, writeTimeout: 1e7 };

/** A connection whose bytes wait since `at`. */
function waiting(id: string, waitingBytes: number, at: number) {
  const transport = { waitingBytes, takenBytes: 0 } as Transport;
  return {
    id,
    shard: SHARD,
    liveness: new Liveness(LIMITS, transport, at),
  };
}

/** What a shard says at the time `now` of a server with these connections. */
function snapshotAt(
  t: TestContext,
  now: number,
  sockets: ReturnType<typeof waiting>[],
  slowest: number,
) {
  t.mock.method(performance, 'now', () => now);
  const options = { endpoint: '/a' };
  const server = { options, counters: new Counters(), rooms: [], sockets: () => sockets };
  const request = { type: 'take-snapshot', ask: 7, slowest } as const;
  const answer = takeSnapshot(request, [server], {} as ThreadStats);
  assert.ok(answer.type === 'snapshot' && answer.ask === 7);
  return answer.snapshot;
}

test('connections for which bytes wait are named with how long, the most bytes first', (t) => {
  const sockets = [
    waiting('some', 10, 1_000),
    waiting('none', 0, 0),
    waiting('most', 30, 1_200),
    waiting('more', 20, 1_500),
  ];
  const { slowest, servers } = snapshotAt(t, 1_500, sockets, 2);
  const named = (id: string, queuedBytes: number, stalledMs: number): SlowConnection => {
    return { shard: SHARD, endpoint: '/a', id, queuedBytes, stalledMs };
  };
  assert.deepEqual(slowest, [named('most', 30, 300), named('more', 20, 0)]);
  assert.deepEqual([servers[0]?.connections, servers[0]?.queuedBytes], [4, 60]);
});

test('a connection of which some bytes have gone since the last look is not stalled', (t) => {
  const transport = { waitingBytes: 10, takenBytes: 0 };
  const liveness = new Liveness(LIMITS, transport as Transport, 1_000);
  const socket = { id: 'x', shard: SHARD, liveness };
  const stalledAt = (now: number) => snapshotAt(t, now, [socket], 1).slowest[0]?.stalledMs;
  assert.equal(stalledAt(1_500), 500);
  transport.takenBytes = 4;
  assert.equal(stalledAt(2_000), 0);
  assert.equal(stalledAt(2_100), 100);
});

test('none is named when none is asked for', (t) => {
  const { slowest, servers } = snapshotAt(t, 1_500, [waiting('x', 10, 1_000)], 0);
  assert.deepEqual([slowest, servers[0]?.queuedBytes], [[], 10]);
});
