/*
 * TLS ends in the shards, HTTP is answered on the primary: until a TLS connection has become a
 * WebSocket, its plain bytes go back and forth by these messages. There is at most one chunk on its
 * way in each direction, so that who is slow at either end slows down the other.
 */

/** A certificate chain with its key, as `createSecureContext` of Node.js takes it. */
export type TlsContext = Readonly<Record<string, unknown>>;

/** What the shards need to end TLS for one listener. */
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
}

/** What the primary asks of a TLS connection that is no WebSocket. */
export type TlsCommand =
  /** The chunk has been taken: another one may come. */
  | { readonly do: 'pull' }
  | { readonly do: 'write'; readonly bytes: Uint8Array }
  | { readonly do: 'end' }
  | { readonly do: 'destroy' };

/** What a TLS connection has to say to the primary. */
export type TlsEvent =
  | { readonly is: 'data'; readonly bytes: Uint8Array }
  | { readonly is: 'end' }
  /** What was to be written has gone to the kernel. */
  | { readonly is: 'written' }
  | { readonly is: 'closed' };
