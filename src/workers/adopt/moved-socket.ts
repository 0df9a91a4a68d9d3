import type { OnReadOpts } from 'node:net';
import { Socket } from 'node:net';

/**
 * Makes a socket of a handle that has come from the primary; it does not read until it is resumed.
 * @param onread the buffer that it reads into; sockets may share it. By default each read allocates
 */
export function movedSocket(handle: object, onread?: OnReadOpts): Socket {
  // Half open: a client that sends a close frame and then ends its side is answered all the same.
  const options = { handle, onread, manualStart: true, allowHalfOpen: true };
  // @types/node lacks two of them.
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}

/**
 * Has the loop of this thread take the descriptor that libuv keeps for the time when there are
 * none. Else it does so with the first socket of a loop. That may take the descriptor that the
 * primary has freed to move a socket, and the socket is lost.
 */
export function reserveDescriptor(): void {
  // Makes a handle at once, and connects a turn later: not where it has been destroyed.
  new Socket().connect({ host: '127.0.0.1', port: 1 }).destroy();
}
