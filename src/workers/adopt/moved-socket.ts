import type { OnReadOpts } from 'node:net';
import { Socket } from 'node:net';

/**
 * A socket around a handle that has come from the primary; it does not read until it is resumed.
 * @param onread what it reads into, which all sockets may share: by default one allocates for each read
 */
export function movedSocket(handle: object, onread?: OnReadOpts): Socket {
  // Half open, as who sends a close frame and then ends its side is answered all the same.
  const options = { handle, onread, manualStart: true, allowHalfOpen: true };
  // Two of them @types/node does not know.
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}
