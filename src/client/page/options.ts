import type { DisconnectReason } from '../../shared/api/public-types.ts';
import type { CodecName } from '../../shared/codec/codec.ts';
import type { WebSocketConstructor } from '../connect/web-socket.ts';

/** Options of connecting anew. */
export interface ReconnectOptions {
  /** Shortest delay before an attempt, in milliseconds, from 1. Default 500. */
  minDelayMs?: number | undefined;
  /** Longest delay before an attempt, in milliseconds, from `minDelayMs`. Default 30 000. */
  maxDelayMs?: number | undefined;
  /** Factor by which the delay may grow with each attempt, from 1. Default 2. */
  factor?: number | undefined;
  /** A connection that lasted for so many milliseconds begins with the short delays. Default 5000. */
  stableMs?: number | undefined;
  /** Whether to connect anew. Default: not after 1000, 1003, 1008 and 4400–4499. */
  shouldReconnect?: ((reason: DisconnectReason) => boolean) | undefined;
}

/** Options of a client. */
export interface WsOptions {
  /** The `eventPrefix` of the server, where it is not the default. */
  eventPrefix?: string | undefined;
  /** The codec to ask for, by subprotocol. Default: text, which needs no asking. */
  codec?: CodecName | undefined;
  /** Whether to tell a server without subprotocol that this side answers asks. Default true. */
  acks?: boolean | undefined;
  /** Options of connecting anew when the connection is lost; false: the client does not. */
  reconnect?: ReconnectOptions | false | undefined;
  /** Milliseconds that an attempt to connect may take. Default 10 000. */
  connectTimeoutMs?: number | undefined;
  /** Bytes that may wait for the network before volatile messages are dropped. Default 1 MiB. */
  maxBufferedBytes?: number | undefined;
  /** Messages that may wait while there is no connection. Default 1000. */
  maxQueuedMessages?: number | undefined;
  /**
   * Milliseconds between two looks at a server that is known to answer. Where it has said nothing
   * in between, it is asked whether it is there. Default 60 000; 0 = never.
   */
  idleTimeoutMs?: number | undefined;
  /** Milliseconds that the server may take to answer that. Default 10 000. */
  probeTimeoutMs?: number | undefined;
  /** The WebSocket to use. Default: the one of the browser or of Node. */
  WebSocket?: WebSocketConstructor | undefined;
}
