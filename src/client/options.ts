import type { CodecName } from '../shared/codec/codec.ts';
import type { DisconnectReason } from './event-types.ts';
import type { WebSocketConstructor } from './web-socket.ts';

/** How a client connects anew. */
export interface ReconnectOptions {
  /** Shortest delay before an attempt, in milliseconds, from 1. Default 500. */
  minDelayMs?: number | undefined;
  /** Longest delay before an attempt, in milliseconds, from `minDelayMs`. Default 30 000. */
  maxDelayMs?: number | undefined;
  /** How much longer the delay may be with each attempt, from 1. Default 2. */
  factor?: number | undefined;
  /** A connection that lasted for so many milliseconds begins with the short delays. Default 5000. */
  stableMs?: number | undefined;
  /** Whether to connect anew. Default: not after 1000, 1003, 1008 and 4400–4499. */
  shouldReconnect?: ((reason: DisconnectReason) => boolean) | undefined;
}

/** What a client may be told beside where to connect. */
export interface WsOptions {
  /** The `eventPrefix` of the server, where it is not the default. */
  eventPrefix?: string | undefined;
  /** The codec to ask for, by subprotocol. Default: text, which needs no asking. */
  codec?: CodecName | undefined;
  /** Whether to tell a server without subprotocol that this side answers asks. Default true. */
  acks?: boolean | undefined;
  /** How to connect anew when the connection is lost; false: not at all. */
  reconnect?: ReconnectOptions | false | undefined;
  /** How long an attempt to connect may take, in milliseconds. Default 10 000. */
  connectTimeoutMs?: number | undefined;
  /** What is volatile is dropped while more bytes than that wait for the network. Default 1 MiB. */
  maxBufferedBytes?: number | undefined;
  /** How many messages may wait while there is no connection. Default 1000. */
  maxQueuedMessages?: number | undefined;
  /**
   * Every so many milliseconds a server that has said nothing since the last time is asked whether it
   * is still there, where it is known to answer. Default 60 000; 0 = never.
   */
  idleTimeoutMs?: number | undefined;
  /** How long the server may take to answer that, in milliseconds. Default 10 000. */
  probeTimeoutMs?: number | undefined;
  /** The WebSocket to use. Default: the one of the browser or of Node. */
  WebSocket?: WebSocketConstructor | undefined;
}
