/** What placement looks at. */
export interface Placeable {
  readonly number: number;
  /** Connections it has, of all servers, those on their way included. */
  readonly load: number;
}

/**
 * The host with the fewest connections of one server, of equals the one with the fewest of all, of
 * equals the first; undefined where there is none. By the server first: pages that open several
 * connections at a time would else fill one host with all of one server.
 */
export function fewestConnections<Host extends Placeable>(
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
export function reachable<Host extends { readonly unconnected: ReadonlySet<number> }>(
  hosts: readonly Host[],
): readonly Host[] {
  const connected = hosts.filter((host) => host.unconnected.size === 0);
  return connected.length > 0 ? connected : hosts;
}
