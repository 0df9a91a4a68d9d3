import type { FromShard } from '../shared/control-messages.ts';
import type { InterestMap, InterestTable } from '../shared/interest-table.ts';
import type { CountsMap, RoomCounts } from '../shared/room-counts.ts';
import type { RoutedRecord } from '../shared/routed-record.ts';
import type { ThreadLoad } from '../shared/thread-load.ts';
import type { Coalescing } from './coalescing.ts';
import type { FanOut } from './fan-out.ts';

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
  /** What the other shards want to be sent. */
  readonly siblings: InterestMap;
  readonly siblingCounts: CountsMap;
  /** @throws EngineError ERR_OUTBOX_FULL, and then no peer has got any of it */
  send(records: readonly RoutedRecord[]): void;
  /** Sends a record past the bound, where what causes it bounds it already. */
  sendAlways(peer: number, record: Buffer): void;
  tell(message: FromShard): void;
}
