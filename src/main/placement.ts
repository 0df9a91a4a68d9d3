/** What placement looks at. */
export interface Placeable {
  /** Connections it has, those on their way included. */
  readonly connections: number;
}

/** The one with the fewest connections, the first of equals; undefined where there is none. */
export function fewestConnections<Host extends Placeable>(
  hosts: readonly Host[],
): Host | undefined {
  let best = hosts[0];
  for (const host of hosts) {
    if (best === undefined || host.connections < best.connections) best = host;
  }
  return best;
}
