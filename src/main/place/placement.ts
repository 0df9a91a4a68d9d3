/** What placement looks at. */
interface Placeable {
  readonly number: number;
  /** Connections it has, of all servers, those on their way included. */
  readonly load: number;
}

/** What placement looks at in hosts besides. */
export interface Usable extends Placeable {
  /** Shards that do not send to this one yet: what they emit would miss its connections. */
  readonly unconnected: ReadonlySet<number>;
  /** Servers that it does not have yet. */
  readonly loading: ReadonlySet<number>;
}

/** The server that a connection is for. */
export interface Destination {
  /** How many connections of the server a host has. */
  connectionsIn(host: number): number;
  /** Whether connections of the server may enter there. */
  isReadyIn(host: number): boolean;
}

const ANY: Destination = { connectionsIn: () => 0, isReadyIn: () => true };

/**
 * The host for the next connection; undefined where there is none. Where connections would have to
 * wait or miss something they come only if it is so everywhere.
 * @param server left out: the connection has not said yet what it is for
 */
export function chooseHost<Host extends Usable>(
  hosts: readonly Host[],
  server: Destination = ANY,
): Host | undefined {
  const ready = preferred(hosts, ({ number }) => server.isReadyIn(number));
  const settled = preferred(ready, ({ loading }) => loading.size === 0);
  return fewestConnections(reachable(settled), (host) => server.connectionsIn(host));
}

/**
 * The host with the fewest connections of one server, of equals the one with the fewest of all, of
 * equals the first; undefined where there is none. By the server first: pages that open several
 * connections at a time would else fill one host with all of one server.
 */
function fewestConnections<Host extends Placeable>(
  hosts: readonly Host[],
  connectionsIn: (host: number) => number,
): Host | undefined {
  let best: Host | undefined;
  for (const host of hosts) {
    if (best === undefined || isEmptier(host, best, connectionsIn)) best = host;
  }
  return best;
}

function isEmptier(a: Placeable, b: Placeable, connectionsIn: (host: number) => number): boolean {
  const difference = connectionsIn(a.number) - connectionsIn(b.number);
  return difference === 0 ? a.load < b.load : difference < 0;
}

/**
 * The hosts that every other one sends to already: what is emitted misses nobody there. Where there
 * is none, all of them: a connection that misses something is better than none.
 */
function reachable<Host extends { readonly unconnected: ReadonlySet<number> }>(
  hosts: readonly Host[],
): readonly Host[] {
  return preferred(hosts, (host) => host.unconnected.size === 0);
}

function preferred<Host>(
  hosts: readonly Host[],
  isPreferred: (host: Host) => boolean,
): readonly Host[] {
  const those = hosts.filter(isPreferred);
  return those.length > 0 ? those : hosts;
}
