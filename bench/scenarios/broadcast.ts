import type { Scenario } from './scenario.ts';

/** One room of all; its first member sends. */
function broadcast(connections: number, bytes: number, inFlight: number, quick = false): Scenario {
  const size = bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`;
  return {
    id: `broadcast-${connections}-${bytes}-${inFlight}`,
    title: `broadcast to ${connections}, ${size}, ${inFlight} in flight`,
    load: {
      kind: 'closed-loop',
      message: 'broadcast',
      groups: 1,
      connections,
      inFlight,
      bytes,
      // The share of the primary thread is asked for over a million.
      ...(connections === 500 && bytes === 64 && inFlight > 1 && { minDeliveries: 1_000_000 }),
    },
    quick,
  };
}

/** Every count, every size and every number in flight, not each with each. */
export const BROADCASTS: readonly Scenario[] = [
  broadcast(500, 64, 1, true),
  broadcast(500, 64, 32, true),
  broadcast(100, 64, 1),
  broadcast(100, 64, 32),
  broadcast(2000, 64, 1),
  broadcast(2000, 64, 32),
  broadcast(500, 1024, 1),
  broadcast(500, 1024, 32),
  broadcast(100, 65_536, 1),
  broadcast(100, 65_536, 32),
];
