import { BROADCASTS } from './broadcast.ts';
import type { Scenario } from './scenario.ts';

function echo(inFlight: number): Scenario {
  return {
    id: `echo-${inFlight}`,
    title: `echo, 100 connections, 64 B, ${inFlight} in flight each`,
    load: {
      kind: 'closed-loop',
      message: 'echo',
      groups: 'each',
      connections: 100,
      inFlight,
      bytes: 64,
    },
    quick: true,
  };
}

const rooms: Scenario = {
  id: 'rooms-1000',
  title: '1000 rooms of 10, 64 B, 1 in flight in each',
  load: {
    kind: 'closed-loop',
    message: 'broadcast',
    groups: 1000,
    connections: 10_000,
    inFlight: 1,
    bytes: 64,
  },
  quick: false,
};

const open: Scenario = {
  id: 'open',
  title: 'opening and closing, 4000 connections, 64 under way',
  load: { kind: 'open', connections: 4000, rounds: 8 },
  quick: true,
};

const idle: Scenario = {
  id: 'idle',
  title: '10,000 idle connections',
  load: { kind: 'idle', connections: 10_000 },
  quick: true,
};

/** Everything that is done to a server, in this order. */
export const SCENARIOS: readonly Scenario[] = [...BROADCASTS, rooms, echo(1), echo(16), open, idle];
