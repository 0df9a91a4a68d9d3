/*
 * TLS ends in the shards, HTTP is answered on the primary. Until a TLS connection has become a
 * WebSocket, its plain bytes are relayed (shared/relay/relay-messages.ts).
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
