import type {
  PlainConnectionStats,
  RecentTimes,
  ServerStats,
  ShardSnapshot,
  ThreadStats,
} from '../../../src/shared/api/stats.ts';

const TIMES: RecentTimes = { samples: 3, p50: 1, p99: 250, max: 1500 };

/** A thread that has something in each of its numbers. */
export const THREAD: ThreadStats = {
  mailbox: { unreadBytes: 128, fill: 0.25, outboxBytes: 64, lag: TIMES },
  eventLoop: { utilization: 0.5, delay: TIMES },
};

/** Plain connections, no two numbers alike. */
export const PLAIN: PlainConnectionStats = {
  connections: 21,
  refused: { limit: 22, address: 23, unanswered: 24 },
};

/** A server in a shard: its numbers are 1, 2, … times `factor`, no two alike. */
export function serverStats(endpoint: string, factor: number): ServerStats {
  return {
    endpoint,
    connections: factor,
    rooms: 2 * factor,
    opened: 3 * factor,
    received: 4 * factor,
    invalidPayloads: 13 * factor,
    emitted: 5 * factor,
    delivered: 6 * factor,
    dropped: { slow: 7 * factor, latest: 8 * factor, closed: 9 * factor },
    droppedBytes: 10 * factor,
    receivedBytes: 11 * factor,
    sentBytes: 12 * factor,
    queuedBytes: 13 * factor,
    fellBehind: 14 * factor,
    expired: 15 * factor,
  };
}

/** What a shard might say of itself. */
export function snapshot(shard: number, servers: ServerStats[], queued: number[]): ShardSnapshot {
  const slowest = queued.map((queuedBytes) => ({
    ...{ shard, endpoint: '/a', id: `${shard}-${queuedBytes}`, queuedBytes, stalledMs: 1 },
  }));
  return { ...THREAD, servers, slowest };
}
