import type { OnReadOpts } from 'node:net';
import { Socket } from 'node:net';

interface HasHandle {
  _handle: unknown;
}

/**
 * A socket that has come from the primary, so that its bytes are read into a buffer that all
 * sockets share. A transferred socket allocates one per read, and only the constructor can say
 * otherwise: so its handle moves into a new socket before the first byte has been read.
 */
export function arrive(transferred: Socket, onread: OnReadOpts): Socket {
  const shell = transferred as unknown as HasHandle;
  const handle = shell._handle;
  shell._handle = null;
  return new Socket({ handle, onread } as ConstructorParameters<typeof Socket>[0]);
}
