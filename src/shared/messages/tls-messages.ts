/*
 * TLS ends in the shards, HTTP is answered on the primary. Until a TLS connection has become a
 * WebSocket, its plain bytes go back and forth by these messages. At most one chunk is on its way
 * in each direction, so that a slow end slows down the other.
 */

/** A certificate chain with its key, as `createSecureContext` of Node.js takes it. */
export type TlsContext = Readonly<Record<string, unknown>>;

/** The certificates and options with which shards end TLS for one listener. */
export interface ShardTls {
  /** Options of a `tls.Server`. */
  readonly server: TlsContext;
  /** Contexts by server name (RFC 6066 section 3) in lower case; '*.' stands for one label. */
  readonly named: ReadonlyMap<string, TlsContext>;
}

/** A TCP connection that has just been accepted on a TLS port. */
export interface TlsArrival {
  /** The number of its stream on the primary. */
  readonly stream: number;
  readonly listener: number;
  /** Bytes that came behind a header of the PROXY protocol. */
  head?: Uint8Array | undefined;
}

/** A command of the primary to a TLS connection that is no WebSocket. */
export type TlsCommand =
  /** Asks for the next chunk: the last one has been taken. */
  | { readonly do: 'pull' }
  | { readonly do: 'write'; readonly bytes: Uint8Array }
  | { readonly do: 'end' }
  | { readonly do: 'destroy' };

/** News of a TLS connection for the primary. */
export type TlsEvent =
  | { readonly is: 'data'; readonly bytes: Uint8Array }
  | { readonly is: 'end' }
  /** The bytes of `write` have gone to the kernel. */
  | { readonly is: 'written' }
  | { readonly is: 'closed' };
