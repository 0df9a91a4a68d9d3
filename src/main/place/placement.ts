import type { ShardHost } from '../shards/shard-host.ts';

/** A shard as placement needs it. */
type Candidate = Pick<ShardHost, 'number' | 'load' | 'unconnected' | 'loading'>;

/** The server that a connection is for. */
export interface Destination {
  /** The connections of the server in a shard, those on their way included. */
  connectionsIn(shard: number): number;
  /** Whether connections of the server may enter in a shard. */
  isReadyIn(shard: number): boolean;
}

const ANY: Destination = { connectionsIn: () => 0, isReadyIn: () => true };

/**
 * Chooses the shard for the next connection. A shard where it would wait or miss messages gets it
 * only if all are like that. Of the others it is the one with the fewest connections of the server.
 * Of equals it is the one with the fewest of all, then the first. The server counts first: a page
 * that opens several connections at a time would else fill one shard with all of one server.
 * @param server left out: it is not known yet
 * @returns undefined where there is no shard
 */
export function chooseHost<Host extends Candidate>(
  hosts: readonly Host[],
  server: Destination = ANY,
): Host | undefined {
  const ready = preferred(hosts, ({ number }) => server.isReadyIn(number));
  const settled = preferred(ready, ({ loading }) => loading.size === 0);
  const reachable = preferred(settled, ({ unconnected }) => unconnected.size === 0);
  let best: Host | undefined;
  for (const host of reachable) {
    if (best === undefined || isEmptier(host, best, server)) best = host;
  }
  return best;
}

function preferred<Host>(
  hosts: readonly Host[],
  isPreferred: (host: Host) => boolean,
): readonly Host[] {
  const those = hosts.filter(isPreferred);
  return those.length > 0 ? those : hosts;
}

function isEmptier(a: Candidate, b: Candidate, server: Destination): boolean {
  const difference = server.connectionsIn(a.number) - server.connectionsIn(b.number);
  return difference === 0 ? a.load < b.load : difference < 0;
}
