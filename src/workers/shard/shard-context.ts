import type { Outlet } from '../../shared/emit/outlet.ts';
import type { FromShard } from '../../shared/messages/control-messages.ts';
import type { ThreadLoad } from '../../shared/observe/thread-load.ts';
import type { InterestTable } from '../../shared/tables/interest-table.ts';
import type { CountsMap, RoomCounts } from '../../shared/tables/room-counts.ts';
import type { FanOut } from '../deliver/fan-out.ts';
import type { Coalescing } from './coalescing.ts';

/** What a shard gives to the servers in it. */
export interface ShardContext {
  readonly number: number;
  /** Takes the records that are of no server. */
  readonly load: Pick<ThreadLoad, 'receive'>;
  readonly fanOut: FanOut;
  readonly coalescing: Pick<Coalescing, 'heard'>;
  /** What this shard wants to be sent. */
  readonly interest: InterestTable;
  /** How many are in this shard's rooms. */
  readonly counts: RoomCounts;
  /** How it reaches the other shards. */
  readonly outlet: Outlet;
  readonly siblingCounts: CountsMap;
  /** Sends a record past the bound, where what causes it bounds it already. */
  sendAlways(peer: number, record: Buffer): void;
  tell(message: FromShard): void;
}
