import { listConnections, listRooms } from '../../shared/ask/listing.ts';
import {
  type Entries,
  encodeEntries,
  type Found,
  type Query,
  type QueryBody,
  type QueryResultBody,
  RemoteLists,
} from '../../shared/ask/remote-lists.ts';
import { NOBODY } from '../../shared/emit/selection.ts';
import { encodeRecord, RecordKind } from '../../shared/messages/records.ts';
import type { ShardServer } from './shard-server.ts';

/** The lists of one server in one shard: its own, and what it wants to know of those in others. */
export class ShardLists {
  readonly #server: ShardServer;
  readonly #remote = new RemoteLists();

  constructor(server: ShardServer) {
    this.#server = server;
  }

  /** What is here, and in other shards. */
  async list(query: Query, timeoutMs: number): Promise<Found> {
    const asked = this.#remote.ask(this.#server, query, timeoutMs);
    const { connections, rooms, silentShards } = await asked;
    const own = this.#entries(query);
    return {
      connections: [...own.connections, ...connections],
      rooms: [...own.rooms, ...rooms],
      silentShards,
    };
  }

  /** Another thread wants to know what is here; it gets one record. */
  answer({ query, request, from }: QueryBody): void {
    const header = { kind: RecordKind.QUERY_RESULT, server: this.#server.number };
    const body = encodeEntries(request, this.#entries(query));
    this.#server.shard.sendAlways(from, encodeRecord(header, body));
  }

  /** A shard has said what it has. */
  receive(shard: number, result: QueryResultBody): void {
    this.#remote.receive(shard, result);
  }

  siblingDied(shard: number): void {
    this.#remote.shardDied(shard);
  }

  close(): void {
    this.#remote.close();
  }

  #entries(query: Query): Entries {
    if (query.list === 'rooms') {
      const sizes = this.#server.rooms.flatMap((rooms) => [...rooms.sizes()]);
      return { connections: [], rooms: listRooms(sizes, query) };
    }
    const faces = this.#server.facesOf({ room: query.room, except: NOBODY });
    return { connections: listConnections(faces, query), rooms: [] };
  }
}
