import type { SocketContext } from '../connection/socket-context.ts';

/** A server whose connections are looked at now and then. */
interface SweptServer extends Pick<SocketContext, 'options'> {
  readonly shard: Pick<SocketContext['shard'], 'handshakeTimeout'>;
  sockets(): Iterable<{ sweep(now: number, isLate: boolean): void }>;
}

const SHORTEST_SWEEP = 5; // ms: a timer finer than this costs more than it tells
const LONGEST_SWEEP = 1000;

/** Sweeps that are late by less say nothing of a process that stood still, in ms. */
const SHORTEST_STANDSTILL = 100;

/**
 * Sweeps over a server's connections in one shard; returns a function that stops it. Where the
 * process has stood still, bytes that clients have sent meanwhile are read behind the first sweep.
 * So a sweep begins all waits anew where the last one was half of the shortest time ago. It does not
 * behind another late one: a loop that is always late ends dead connections too.
 */
export function startKeepalive(server: SweptServer): () => void {
  const { pingPeriod, pongTimeout, writeTimeout, closeTimeout } = server.options;
  const { handshakeTimeout } = server.shard;
  const pongPeriod = pongTimeout - pingPeriod;
  const shortest = Math.min(pingPeriod, pongPeriod, writeTimeout, closeTimeout, handshakeTimeout);
  const period = Math.min(Math.max(shortest / 4, SHORTEST_SWEEP), LONGEST_SWEEP);
  let sweptAt = performance.now();
  let wasLate = false;
  const timer = setInterval(() => {
    const now = performance.now();
    const isLate = now - sweptAt > Math.max(shortest / 2, SHORTEST_STANDSTILL);
    for (const socket of server.sockets()) socket.sweep(now, isLate && !wasLate);
    sweptAt = now;
    wasLate = isLate;
  }, period);
  return () => clearInterval(timer);
}
