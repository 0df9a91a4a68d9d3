import type { EngineError } from '../../shared/api/errors.ts';
import type { Backpressure, DisconnectReason } from '../../shared/api/public-types.ts';
import type { AppConnection } from '../../shared/app/app-connection.ts';
import type { ConnectionIdentity, ConnectionLink } from '../../shared/app/connection-link.ts';
import type { Codec } from '../../shared/codec/codec.ts';
import type { ShardServerOptions } from '../../shared/options/server-options.ts';
import type { FrameDeflater } from '../deliver/deflate.ts';
import type { FanOut, Receiver } from '../deliver/fan-out.ts';
import type { Rooms } from '../deliver/rooms.ts';
import type { Talker } from '../shard/coalescing.ts';
import type { Counters } from '../shard/counters.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import type { Liveness } from './liveness.ts';

/** The rooms that a connection can be in: those of its codec. */
export type Home = Pick<Rooms, 'expect' | 'enter' | 'join' | 'leave' | 'leaveAll'>;

/** Everything that a server gives to its sockets in one shard. */
export interface SocketContext {
  readonly number: number;
  readonly options: Omit<ShardServerOptions, 'handlers'>;
  readonly shard: Pick<
    ShardContext,
    'number' | 'coalescing' | 'reads' | 'partings' | 'handshakeTimeout'
  >;
  readonly codecs: readonly Codec[];
  /** The rooms of the server here, for each codec. */
  readonly rooms: readonly Home[];
  readonly fanOut: Pick<FanOut, 'send'>;
  /** Compresses messages for clients that agreed to it; undefined where the server does not. */
  readonly deflater: Pick<FrameDeflater, 'formFor'> | undefined;
  readonly counters: Counters;
  /** Bytes that may wait in line for one connection. */
  readonly maxQueuedBytes: number;
  readonly dispatch: Dispatch;
  /** Returns the app's view of a connection, for handlers in this thread. */
  appConnection(link: ConnectionLink, identity: ConnectionIdentity): AppConnection;
  /** Tells the engine of an error. */
  report(error: EngineError): void;
  /** Drops the connection with this number: its socket is gone. */
  forget(connection: number): void;
}

/** Small frames whose newest stands for all of their kind: pongs, answers to `fanring:ping`. */
export type LateKind = 'pong' | 'probe';

/** A connection as its parts use it, and those who tell its handlers. */
export interface ShardSocket extends ConnectionLink, Receiver, Talker {
  readonly server: SocketContext;
  readonly id: string;
  readonly identity: ConnectionIdentity;
  readonly liveness: Liveness;
  /** The app's view of it, where the handlers run in this thread. */
  app: AppConnection | undefined;
  /** The round of the primary in which it has sent last, and its messages in that. */
  sentIn: number;
  sentInRound: number;
  /** Whether it is there for rooms and handlers. */
  readonly isOpen: boolean;
  /** Sends a small frame that always finds room: the newest of its kind stands for all. */
  sendNewest(kind: LateKind, frame: Buffer): void;
  /** Queues a frame behind all that this tick has for it, whatever the limits. */
  queue(frame: Buffer): void;
  /** Lets messages reach it: the handlers are about to be told of it. */
  enter(): void;
  /** Lets bytes leave, and reads: the handlers know of it. */
  open(): void;
  /** Has an end come now, or in its turn where the connection is in many rooms. */
  part(end: () => void): void;
}

/** Tells a server's handlers what happens to its connections, wherever the handlers are. */
export interface Dispatch {
  /**
   * Tells of a new connection: `socket.enter()` is due before the handlers are told,
   * `socket.open()` when they have been.
   */
  connected(socket: ShardSocket): void;
  /** @param data only valid during the call */
  message(socket: ShardSocket, data: Buffer, isBinary: boolean): void;
  /** @param data only valid during the call */
  control(socket: ShardSocket, kind: 'ping' | 'pong', data: Buffer): void;
  failed(socket: ShardSocket, error: EngineError): void;
  /** Tells that it has fallen behind with what it is sent, or has caught up. */
  backpressure(socket: ShardSocket, backpressure: Backpressure): void;
  /**
   * Tells of the end: the last call for this connection.
   * @returns true if the handlers have answered all that came before; false if `concluded()` of the
   *   socket follows when they have
   */
  disconnected(socket: ShardSocket, reason: DisconnectReason): boolean;
}
