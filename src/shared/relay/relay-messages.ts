/*
 * A socket stays in one thread, and another thread reads and writes its bytes by these messages: a
 * TLS connection of a shard that is no WebSocket yet, a Unix socket of the primary. At most one chunk
 * is on its way in each direction, so that a slow end slows down the other.
 */

/** A command to the socket. */
export type RelayCommand =
  /** Asks for the next chunk: the last one has been taken. */
  | { readonly do: 'pull' }
  | { readonly do: 'write'; readonly bytes: Uint8Array }
  | { readonly do: 'end' }
  | { readonly do: 'destroy' };

/** News of the socket. */
export type RelayEvent =
  | { readonly is: 'data'; readonly bytes: Uint8Array }
  | { readonly is: 'end' }
  /** The bytes of `write` have gone to the kernel. */
  | { readonly is: 'written' }
  | { readonly is: 'closed' };
