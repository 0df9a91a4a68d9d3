import type { EngineError } from '../../shared/api/errors.ts';
import type { FromShard } from '../../shared/messages/control-messages.ts';
import type { ThreadLoad } from '../../shared/observe/thread-load.ts';
import type { Peers } from '../../shared/spread/peers.ts';
import type { InterestTable } from '../../shared/tables/interest-table.ts';
import type { RoomCounts } from '../../shared/tables/room-counts.ts';
import type { WaitingLine } from '../../shared/time/waiting-line.ts';
import type { FanOut } from '../deliver/fan-out.ts';
import type { ReadTurns } from '../read/read-turns.ts';
import type { Coalescing } from './coalescing.ts';

/** Everything that a shard gives to the servers in it. */
export interface ShardContext {
  readonly number: number;
  /** Milliseconds that `onConnection` may take. */
  readonly handshakeTimeout: number;
  /** Takes probes. */
  readonly load: Pick<ThreadLoad, 'receive'>;
  readonly fanOut: FanOut;
  readonly coalescing: Pick<Coalescing, 'heard'>;
  /** Shares out the time for reading among sockets. */
  readonly reads: Pick<ReadTurns, 'turn' | 'begin' | 'frame' | 'wait' | 'forget'>;
  /** Ends of connections that are in many rooms: each comes in its turn. */
  readonly partings: Pick<WaitingLine<() => void>, 'add'>;
  /** The rooms whose messages this shard wants. */
  readonly interest: InterestTable;
  /** The numbers of members of this shard's rooms. */
  readonly counts: RoomCounts;
  /** The way to the other threads. */
  readonly peers: Peers;
  tell(message: FromShard): void;
  /** Tells the primary of an error; of many that are alike, few and their number. */
  report(error: EngineError): void;
}
