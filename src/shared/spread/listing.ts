import { serialize } from 'node:v8';
import type { ConnectionInfo } from '../api/list-types.ts';
import type { ConnectionRequest } from '../api/public-types.ts';

/** A request for a list: of the connections of a room, '' = everyone, or of the rooms. */
export interface ListAsk extends PageRequest {
  readonly list: 'connections' | 'rooms';
  readonly room: string;
}

/** The body of a LIST record. */
export interface ListBody {
  readonly query: ListAsk;
  /** The number under which the thread that asks awaits the entries. */
  readonly request: number;
  /** The thread that asks, as a peer. */
  readonly from: number;
}

/** The entries of one list; the other one is empty. */
export interface Entries {
  readonly connections: readonly ListedConnection[];
  readonly rooms: readonly ListedRoom[];
}

/** The body of a LIST_RESULT record. */
export interface ListResultBody {
  readonly request: number;
  readonly entries: Entries;
}

/** The entries of all shards, and the shards that have not answered. */
export interface Found extends Entries {
  readonly silentShards: readonly number[];
}

/** A request for a part of a list. */
export interface PageRequest {
  /** The last entry of the page before; '' = from the beginning. */
  readonly after: string;
  readonly limit: number;
}

/** A connection that can be listed. */
export interface Listed {
  readonly number: number;
  readonly id: string;
  readonly shard: number;
  readonly request: ConnectionRequest;
  readonly data: unknown;
  readonly rooms: ReadonlySet<string>;
}

/** A connection in a list, with the number that it stands there by. */
export interface ListedConnection extends ConnectionInfo {
  readonly number: number;
}

/** A room in a list, with its members in this part of the server. */
export interface ListedRoom {
  readonly room: string;
  readonly count: number;
}

/** A page of connections, by their numbers. */
export function listConnections(
  connections: Iterable<Listed>,
  { after, limit }: PageRequest,
): ListedConnection[] {
  const last = Number(after);
  const page = firstOf(connections, byNumber, limit, ({ number }) => number > last);
  return page.map(({ number, id, shard, request, data, rooms }) => {
    const { remoteAddress } = request;
    return { number, id, shard, remoteAddress, data, rooms: [...rooms] };
  });
}

/** A page of rooms, by their names; one that comes several times has all its members. */
export function listRooms(
  rooms: Iterable<readonly [room: string, count: number]>,
  { after, limit }: PageRequest,
): ListedRoom[] {
  const counts = new Map<string, number>();
  for (const [room, count] of rooms) {
    if (room > after) counts.set(room, (counts.get(room) ?? 0) + count);
  }
  return firstOf(counts, byName, limit).map(([room, count]) => ({ room, count }));
}

/** The bytes of a LIST_RESULT; `data` that cannot be cloned is left out. */
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

/** The connections that several threads have listed, as one page. */
export function mergeConnections(parts: readonly ListedConnection[], limit: number) {
  return firstOf(parts, byNumber, limit);
}

/** The rooms that several threads have listed, as one page. */
export function mergeRooms(parts: readonly ListedRoom[], limit: number): ListedRoom[] {
  const counts = parts.map(({ room, count }) => [room, count] as const);
  return listRooms(counts, { after: '', limit });
}

const byNumber = (a: { number: number }, b: { number: number }) => a.number - b.number;
// In the order of `>`, which knows no locale.
const byName = ([a]: readonly [string, number], [b]: readonly [string, number]) => (a < b ? -1 : 1);

/** The first `limit` of the items that are wanted, in order. It keeps at most twice as many. */
function firstOf<Item>(
  items: Iterable<Item>,
  compare: (a: Item, b: Item) => number,
  limit: number,
  isWanted: (item: Item) => boolean = () => true,
): Item[] {
  const first: Item[] = [];
  const cut = () => {
    first.sort(compare);
    first.length = Math.min(first.length, limit);
  };
  let last: Item | undefined;
  for (const item of items) {
    if (!isWanted(item) || (last !== undefined && compare(item, last) > 0)) continue;
    first.push(item);
    if (first.length < 2 * limit) continue;
    cut();
    last = first[limit - 1];
  }
  cut();
  return first;
}
