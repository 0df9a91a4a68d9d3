/** Options of a page of a list. */
export interface ListOptions {
  /** The `cursor` of the page before. Left out: the page is the first. */
  readonly cursor?: string | undefined;
  /** Most entries of a page: 1 to 10 000. Default 1000. */
  readonly limit?: number | undefined;
  /** Milliseconds to wait for shards: 1 to 2^31 − 1. Default 5000. */
  readonly timeoutMs?: number | undefined;
}

/** One page of a list. */
export interface ListPage {
  /** The `cursor` option of the next page; undefined: this page is the last. */
  readonly cursor: string | undefined;
  /** Shards that did not answer in time, or died: their entries are missing here. */
  readonly silentShards: readonly number[];
}

/** A connection as `server.connections()` lists it. */
export interface ConnectionInfo {
  readonly id: string;
  readonly shard: number;
  readonly remoteAddress: string;
  /** The result of `authorize`. */
  readonly data: unknown;
  /** The rooms it is in; one is named by its own id. */
  readonly rooms: readonly string[];
}

/** Connections, in the order in which they were opened. */
export interface ConnectionPage extends ListPage {
  readonly connections: readonly ConnectionInfo[];
}

/** Rooms, in the order of their names. */
export interface RoomPage extends ListPage {
  readonly rooms: readonly { readonly room: string; readonly count: number }[];
}
