import type { SocketContext } from '../connection/socket-context.ts';

/** A server whose connections are looked at now and then. */
interface SweptServer extends Pick<SocketContext, 'options'> {
  sockets(): Iterable<{ sweep(now: number): void }>;
}

const SHORTEST_SWEEP = 5; // ms: a timer finer than this costs more than it tells
const LONGEST_SWEEP = 1000;

/** Sweeps over a server's connections in one shard; returns a function that stops it. */
export function startKeepalive(server: SweptServer): () => void {
  const { pingPeriod, pongTimeout, writeTimeout, closeTimeout } = server.options;
  const shortest = Math.min(pingPeriod, pongTimeout - pingPeriod, writeTimeout, closeTimeout);
  const period = Math.min(Math.max(shortest / 4, SHORTEST_SWEEP), LONGEST_SWEEP);
  const timer = setInterval(() => {
    const now = performance.now();
    for (const socket of server.sockets()) socket.sweep(now);
  }, period);
  return () => clearInterval(timer);
}
