import { serialize } from 'node:v8';
import type { ReachedServer } from '../emit/outlet.ts';
import { NOBODY, shardsOfAnyCodec } from '../emit/selection.ts';
import { encodeRecord, RecordKind } from '../messages/records.ts';
import { Gather } from './gather.ts';
import type { ListedConnection, ListedRoom, PageRequest } from './listing.ts';

/** What is listed: the connections of a room, '' = everyone; or the rooms. */
export interface Query extends PageRequest {
  readonly list: 'connections' | 'rooms';
  readonly room: string;
}

/** The body of a QUERY record. */
export interface QueryBody {
  readonly query: Query;
  /** The number under which the thread that asks awaits the results. */
  readonly request: number;
  /** The thread that asks, as a peer. */
  readonly from: number;
}

/** The entries of one list; the other one is empty. */
export interface Entries {
  readonly connections: readonly ListedConnection[];
  readonly rooms: readonly ListedRoom[];
}

/** Entries of lists, and who has not said what it has. */
export interface Found extends Entries {
  readonly silentShards: readonly number[];
}

/** The body of a QUERY_RESULT record. */
export interface QueryResultBody {
  readonly request: number;
  readonly entries: Entries;
}

/** The bytes of a result; `data` that cannot be cloned is left out. */
export function encodeEntries(request: number, entries: Entries): Buffer {
  try {
    return serialize({ request, entries });
  } catch {
    const connections = entries.connections.map((info) => ({ ...info, data: clonable(info.data) }));
    return serialize({ request, entries: { ...entries, connections } });
  }
}

function clonable(data: unknown): unknown {
  try {
    serialize(data);
    return data;
  } catch {
    return undefined;
  }
}

/** What one thread wants to know of the lists in shards. */
export class RemoteLists {
  readonly #replies = new Gather<Entries>();

  /**
   * Asks every shard that may have entries.
   * @throws EngineError ERR_OUTBOX_FULL, and then no shard has been asked
   */
  async ask(
    { number: server, codecs, outlet }: ReachedServer,
    query: Query,
    timeoutMs: number,
  ): Promise<Found> {
    const selection = { room: query.room, except: NOBODY };
    const shards = shardsOfAnyCodec(outlet.interest, server, codecs.length, selection);
    const request = this.#replies.next();
    if (shards.length > 0) {
      const body: QueryBody = { query, request, from: outlet.from };
      const record = encodeRecord({ kind: RecordKind.QUERY, server }, serialize(body));
      outlet.send([{ peers: shards, record }]);
    }
    const connections: ListedConnection[] = [];
    const rooms: ListedRoom[] = [];
    const silentShards = await this.#replies.expect(request, shards, timeoutMs, (entries) => {
      for (const info of entries.connections) connections.push(info);
      for (const room of entries.rooms) rooms.push(room);
    });
    return { connections, rooms, silentShards };
  }

  /** A shard has said what it has. */
  receive(shard: number, { request, entries }: QueryResultBody): void {
    this.#replies.receive(shard, request, entries);
  }

  /** A shard has died: what it has not said it never will. */
  shardDied(shard: number): void {
    this.#replies.shardDied(shard);
  }

  /** Nobody will say any more. */
  close(): void {
    this.#replies.close();
  }
}
