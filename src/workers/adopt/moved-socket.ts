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
