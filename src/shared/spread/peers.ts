import type { RoutedRecord } from '../ring/tick-loop.ts';
import type { InterestMap } from '../tables/interest-table.ts';
import type { CountsMap } from '../tables/room-counts.ts';

/** The way of one thread to the others that have connections of a server. */
export interface Peers {
  /** This thread's own number as a peer. */
  readonly self: number;
  /** The rooms whose messages the peers want. */
  readonly interest: InterestMap;
  /** The numbers of connections in the rooms of all shards that this thread knows. */
  readonly counts: Pick<CountsMap, 'sum'>;
  /** Sends records. @throws EngineError ERR_OUTBOX_FULL, and then no peer has got any of them */
  send(records: readonly RoutedRecord[]): void;
  /** Sends a record past the bound of the outbox: its cause bounds the number of such records. */
  sendAlways(peer: number, record: Buffer): void;
}
