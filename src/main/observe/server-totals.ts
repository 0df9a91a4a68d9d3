import type { PrimaryServerStats, ServerStats, ShardStats } from '../../shared/api/stats.ts';

/** Sums up each server over the primary and all shards; servers with one endpoint are one. */
export function sumServers(
  primary: readonly PrimaryServerStats[],
  shards: readonly ShardStats[],
): ServerStats[] {
  const totals = new Map<string, ServerStats>();
  const inShards = shards.flatMap(({ servers }) => servers);
  for (const one of [...primary.map(asServer), ...inShards]) {
    const sum = totals.get(one.endpoint);
    totals.set(one.endpoint, sum === undefined ? one : add(sum, one));
  }
  return [...totals.values()];
}

function asServer({
  endpoint,
  emitted,
  invalidPayloads,
  expired,
}: PrimaryServerStats): ServerStats {
  return {
    endpoint,
    connections: 0,
    rooms: 0,
    opened: 0,
    received: 0,
    invalidPayloads,
    emitted,
    delivered: 0,
    dropped: { slow: 0, latest: 0, closed: 0 },
    droppedBytes: 0,
    receivedBytes: 0,
    sentBytes: 0,
    queuedBytes: 0,
    fellBehind: 0,
    expired,
  };
}

/** Adds the numbers of two objects of one shape, and of the objects in them. */
function add<Shape extends object>(a: Shape, b: Shape): Shape {
  const sum = { ...a };
  for (const [name, value] of Object.entries(b) as [keyof Shape, Shape[keyof Shape]][]) {
    const other = a[name];
    if (typeof value === 'number') sum[name] = ((other as number) + value) as Shape[keyof Shape];
    else if (typeof value === 'object' && value !== null) sum[name] = add(other as never, value);
  }
  return sum;
}
