import { EngineError } from '../../shared/api/errors.ts';
import { Refusal } from '../../shared/api/refusal.ts';
import type { Closing } from './closing.ts';
import { PING } from './liveness.ts';
import type { ShardSocket } from './socket-context.ts';

/** A connection as a look at it needs it. */
interface SweptSocket
  extends Pick<ShardSocket, 'server' | 'liveness' | 'isOpen' | 'queue' | 'refuse'> {
  terminate(error: EngineError): void;
}

/**
 * Looks at a connection: pings the client, or ends what has taken too long.
 * @param isHeld whether nothing is read at the moment
 * @param now ms, monotonic
 * @param isLate whether nobody has looked for so long that all waits begin anew
 */
export function sweep(
  socket: SweptSocket,
  closing: Pick<Closing, 'giveTime' | 'isOpening' | 'isOverdue' | 'sweep'>,
  isHeld: boolean,
  now: number,
  isLate: boolean,
): void {
  const { server, liveness } = socket;
  if (isLate) {
    liveness.giveTime(now);
    closing.giveTime(now);
  }
  // While it is held its pongs are not read.
  if (isHeld) liveness.excuse(now);
  if (closing.isOpening) {
    if (closing.isOverdue(now, server.shard.handshakeTimeout)) openTooLate(socket);
    return;
  }
  if (!socket.isOpen) {
    closing.sweep(now, server.options.closeTimeout);
    return;
  }
  const due = liveness.due(now);
  if (due === 'ping') socket.queue(PING);
  else if (due !== undefined) socket.terminate(due);
}

/** Refuses a client for which `onConnection` has taken too long. */
function openTooLate(socket: SweptSocket): void {
  const { server } = socket;
  const text =
    `onConnection of ${server.options.endpoint} did not resolve within handshakeTimeout ` +
    `(${server.shard.handshakeTimeout} ms): start long work without awaiting it`;
  server.report(new EngineError('ERR_HANDLER', text));
  socket.refuse(new Refusal(503));
}
