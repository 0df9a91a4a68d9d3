/** What is asked for of a list, a page at a time. */
export interface ListOptions {
  /** Where the page before has ended: its `cursor`. Left out: from the beginning. */
  readonly cursor?: string | undefined;
  /** Most entries of a page: 1 to 10 000. Default 1000. */
  readonly limit?: number | undefined;
  /** How long to wait for shards, in milliseconds: 1 to 2^31 − 1. Default 5000. */
  readonly timeoutMs?: number | undefined;
}

/** One page of a list. */
export interface ListPage {
  /** Where the next page begins; undefined: this was the last one. */
  readonly cursor: string | undefined;
  /** Shards that did not answer in time, or died: what they have is missing here. */
  readonly silentShards: readonly number[];
}

/** A connection as `server.connections()` lists it. */
export interface ConnectionInfo {
  readonly id: string;
  readonly shard: number;
  readonly remoteAddress: string;
  /** What `authorize` returned. */
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
