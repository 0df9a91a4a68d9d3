import type { InterestMap } from '../tables/interest-table.ts';
import type { RoutedRecord, RoutedServer } from './routing.ts';

/** How one thread reaches the shards. */
export interface Outlet {
  /** The thread, as a peer. */
  readonly from: number;
  /** What the shards want to be sent. */
  readonly interest: InterestMap;
  /** @throws EngineError ERR_OUTBOX_FULL, and then no shard has got any of it */
  send(records: readonly RoutedRecord[]): void;
}

/** A server, and how one thread reaches what it has in shards. */
export interface ReachedServer extends RoutedServer {
  readonly outlet: Outlet;
}
