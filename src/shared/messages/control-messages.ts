import type { MessagePort } from 'node:worker_threads';
import type { SerializedError } from '../api/errors.ts';
import type { ShardSnapshot } from '../api/stats.ts';
import type { Expiry, Renewal } from '../expiry/expiries.ts';
import type { ResolvedCloseOptions } from '../options/engine-options.ts';
import type { ShardServerOptions } from '../options/server-options.ts';
import type { RelayCommand, RelayEvent } from '../relay/relay-messages.ts';
import type { MailboxLink } from '../ring/mailbox.ts';
import type { InterestMemory } from '../tables/interest-table.ts';
import type { CountsMemory } from '../tables/room-counts.ts';
import type { ShardTls, TlsArrival } from './tls-messages.ts';

/*
 * The control plane: messages of the primary and a shard by port. None is sent per message of a
 * client.
 */

/** The primary's number as a peer in mailboxes; shards count from 1. */
export const PRIMARY = 0;

/** The first number of emitters in other threads: peers of shards that send, and get nothing. */
export const FIRST_EMITTER = 1_000;

/** The data that a shard's task begins with. */
export interface ShardStart {
  readonly shard: number;
  /** Whether the thread is the shard's alone: then it may pause. */
  readonly ownsThread: boolean;
  readonly doorbell: MailboxLink['doorbell'];
  /** The shard's own interest table. */
  readonly interest: InterestMemory;
  /** The numbers of members of the shard's rooms. */
  readonly counts: CountsMemory;
  readonly maxOutboxBytes: number;
  /** Milliseconds that an upgrade may wait for its server. */
  readonly handshakeTimeout: number;
  /** Milliseconds between two samples of its load; 0 = none. */
  readonly sampleInterval: number;
  readonly port: MessagePort;
}

/** Terms of compression, RFC 7692; without context takeover on either side. */
export interface DeflateTerms {
  /** The server_max_window_bits of the client: 9 to 15; undefined = none. */
  readonly serverMaxWindowBits: number | undefined;
}

/** An accepted upgrade on its way to a shard, beside its socket. */
export interface Upgrade {
  readonly id: string;
  /** The request as JSON: few handlers look at it, and a string costs less to move and to keep. */
  readonly request: string;
  readonly data: unknown;
  /** Left out where the connection may stay as long as it likes. */
  readonly expiry?: Expiry;
  readonly server: number;
  /** The connection's number. */
  readonly connection: number;
  /** The request's Sec-WebSocket-Key. */
  readonly key: string;
  /** The subprotocol that was chosen; '' = none. */
  readonly protocol: string;
  /** The codec of the connection: its index among those of the server. */
  readonly codec: number;
  /** Left out where messages are not compressed. */
  readonly deflate?: DeflateTerms;
  /** Bytes that the client has sent behind its request; undefined: none. */
  head: Uint8Array | undefined;
}

/** The time that connections may take to close, as far as it has not passed yet. */
export type DrainTimes = Readonly<ResolvedCloseOptions>;

/** From the primary to a shard. */
export type ToShard =
  | {
      readonly type: 'connect-peer';
      readonly peer: number;
      readonly link: MailboxLink;
      /** The peer's interest table, where the peer is a shard. */
      readonly interest?: InterestMemory;
      readonly counts?: CountsMemory;
    }
  /** The peer has died. */
  | { readonly type: 'disconnect-peer'; readonly peer: number }
  | { readonly type: 'add-server'; readonly server: number; readonly options: ShardServerOptions }
  | (DrainTimes & { readonly type: 'remove-server'; readonly server: number })
  | {
      readonly type: 'adopt';
      /** The number of the message among those to the shard that bring sockets. */
      readonly handoff: number;
      readonly upgrades: readonly Upgrade[];
      /** The handles of their sockets, in the same order. */
      readonly handles: readonly object[];
    }
  /** An upgrade whose socket stays on the primary; the port leads to it. */
  | { readonly type: 'adopt-relayed'; readonly upgrade: Upgrade; readonly port: MessagePort }
  /** The certificates of a listener from now on; undefined: the listener has gone. */
  | { readonly type: 'set-tls'; readonly listener: number; readonly tls: ShardTls | undefined }
  | {
      readonly type: 'adopt-tls';
      readonly handoff: number;
      readonly arrivals: readonly TlsArrival[];
      /** The handles of their sockets, in the same order. */
      readonly handles: readonly object[];
    }
  | { readonly type: 'tls'; readonly stream: number; readonly command: RelayCommand | TlsEntry }
  /** The shard answers with a snapshot that names so many of its slowest connections. */
  | { readonly type: 'take-snapshot'; readonly ask: number; readonly slowest: number }
  /** The outcome of a `renew-token`. */
  | {
      readonly type: 'token-renewed';
      readonly server: number;
      readonly connection: number;
      readonly renewal: Renewal;
    }
  /** Asks for `arrived`. */
  | { readonly type: 'confirm-handoffs' }
  /** Asks for `flushed`. */
  | { readonly type: 'flush' }
  /** Asks for `alive`. */
  | { readonly type: 'check-alive' }
  | (DrainTimes & { readonly type: 'stop' });

/** Makes a TLS connection a WebSocket: the shard's own from now on. */
export interface TlsEntry {
  readonly do: 'enter';
  readonly upgrade: Upgrade;
}

/** From a shard to the primary. */
export type FromShard =
  /** The shard sends to this peer from now on. */
  | { readonly type: 'peer-connected'; readonly peer: number }
  | { readonly type: 'server-added'; readonly server: number; readonly error?: SerializedError }
  | { readonly type: 'server-removed'; readonly server: number }
  /** A connection has failed to open: the shard does not have its server, or has lost it. */
  | { readonly type: 'refused'; readonly server: number; readonly connection: number }
  /** Connections have ended. */
  | { readonly type: 'closed'; readonly server: number; readonly connections: readonly number[] }
  /** The client of a connection has sent a new token; asks for `token-renewed`. */
  | {
      readonly type: 'renew-token';
      readonly server: number;
      readonly connection: number;
      readonly token: string;
    }
  | { readonly type: 'tls'; readonly stream: number; readonly event: RelayEvent }
  | { readonly type: 'snapshot'; readonly ask: number; readonly snapshot: ShardSnapshot }
  | { readonly type: 'error'; readonly error: SerializedError }
  /** The numbers of messages with sockets that have come since it was last asked. */
  | { readonly type: 'arrived'; readonly handoffs: readonly number[] }
  /** All records that it had sent when it was asked are in its receivers' rings. */
  | { readonly type: 'flushed' }
  /** Its loop turns. */
  | { readonly type: 'alive' };
