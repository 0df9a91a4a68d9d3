import type { Codec } from '../../shared/codec/codec.ts';
import type { ShardServerOptions } from '../../shared/options/server-options.ts';
import type { FrameDeflater } from '../deliver/deflate.ts';
import type { FanOut } from '../deliver/fan-out.ts';
import type { Rooms } from '../deliver/rooms.ts';
import type { Counters } from '../shard/counters.ts';
import type { ShardContext } from '../shard/shard-context.ts';
import type { Dispatch, DispatchContext } from './dispatch.ts';

/** The rooms that a connection can be in: those of its codec. */
export type Home = Pick<Rooms, 'expect' | 'enter' | 'join' | 'leave' | 'leaveAll'>;

/** Everything that a server gives to its sockets in one shard. */
export interface SocketContext extends DispatchContext {
  readonly endpoint: string;
  readonly options: Omit<ShardServerOptions, 'handlers'>;
  readonly shard: Pick<ShardContext, 'number' | 'coalescing'>;
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
  /** The socket of the connection with this number is gone. */
  forget(connection: number): void;
}
