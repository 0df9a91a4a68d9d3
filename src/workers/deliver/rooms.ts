import type { AppConnection } from '../../shared/app/app-connection.ts';
import {
  type InterestKey,
  type InterestTable,
  interestKey,
} from '../../shared/tables/interest-table.ts';
import type { RoomCounts } from '../../shared/tables/room-counts.ts';
import type { Receiver } from './fan-out.ts';

/** A connection as a member of rooms. */
export interface Member extends Receiver {
  readonly id: string;
  /** The rooms that it has joined. */
  rooms: Set<string> | undefined;
  /** The app's view of it, where the handlers run in this thread. */
  readonly app: AppConnection | undefined;
}

/**
 * The rooms of one server and one codec in one shard: room → members; each member knows its own
 * rooms. The shard's interest table says which rooms have members, its counts say how many.
 */
export class Rooms {
  readonly #server: number;
  readonly #codec: number;
  readonly #interest: InterestTable;
  readonly #counts: RoomCounts;
  readonly #members = new Map<string, Set<Member>>();
  readonly #byId = new Map<string, Member>();

  constructor(server: number, codec: number, interest: InterestTable, counts: RoomCounts) {
    this.#server = server;
    this.#codec = codec;
    this.#interest = interest;
    this.#counts = counts;
  }

  /** The number of rooms that somebody has joined. */
  get size(): number {
    return this.#members.size;
  }

  /** Has messages to a connection's id, and to all, come here: it will enter. */
  expect(socket: Member): void {
    this.#interest.add(this.#key(socket.id));
    this.#interest.add(this.#key(''));
  }

  /** Puts a connection into the room of its own id, which needs no set, and the room of all. */
  enter(socket: Member): void {
    this.#byId.set(socket.id, socket);
    this.#count(socket.id);
    this.#count('');
  }

  join(socket: Member, room: string): void {
    const members = this.#members.get(room);
    if (members) {
      members.add(socket);
    } else {
      this.#members.set(room, new Set([socket]));
      this.#interest.add(this.#key(room));
    }
    this.#count(room);
    socket.rooms ??= new Set();
    socket.rooms.add(room);
  }

  leave(socket: Member, room: string): void {
    if (!socket.rooms?.delete(room)) return;
    this.#removeMember(socket, room);
  }

  /** Takes a connection out of all its rooms, also out of that of its own id and that of all. */
  leaveAll(socket: Member): void {
    if (this.#byId.get(socket.id) === socket) {
      this.#byId.delete(socket.id);
      this.#count(socket.id);
      this.#count('');
    }
    this.#interest.remove(this.#key(socket.id));
    this.#interest.remove(this.#key(''));
    for (const room of socket.rooms ?? []) this.#removeMember(socket, room);
  }

  /**
   * Returns everyone in a room, each once: those who joined, and the connection whose id it is; in
   * the room '' everyone. Undefined where there is nobody.
   */
  membersOf(room: string): Iterable<Member> | undefined {
    if (room === '') return this.#byId.size === 0 ? undefined : this.#byId.values();
    const members = this.#members.get(room);
    const owner = this.#byId.get(room);
    if (owner === undefined) return members;
    return members === undefined ? [owner] : new Set(members).add(owner);
  }

  /** The rooms that somebody has joined, with the number of their members. */
  *sizes(): Iterable<[room: string, members: number]> {
    for (const room of this.#members.keys()) yield [room, this.#sizeOf(room)];
  }

  #key(room: string): InterestKey {
    return interestKey(this.#server, this.#codec, room);
  }

  #removeMember(socket: Member, room: string): void {
    const members = this.#members.get(room);
    if (members === undefined || !members.delete(socket)) return;
    if (members.size === 0) {
      this.#members.delete(room);
      this.#interest.remove(this.#key(room));
    }
    this.#count(room);
  }

  /** Writes the count of a room. Nobody joins the room of its own id. */
  #count(room: string): void {
    const count = room === '' ? this.#byId.size : this.#sizeOf(room);
    this.#counts.set(this.#server, this.#codec, room, count);
  }

  #sizeOf(room: string): number {
    return (this.#members.get(room)?.size ?? 0) + (this.#byId.has(room) ? 1 : 0);
  }
}
