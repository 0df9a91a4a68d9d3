import type { ServerWebSocket } from './web-socket.ts';

const NO_MEMBERS: readonly ServerWebSocket[] = [];

/** The rooms of one server in one shard: room → members; each member knows its own rooms. */
export class Rooms {
  readonly #members = new Map<string, Set<ServerWebSocket>>();
  readonly #byId = new Map<string, ServerWebSocket>();

  get size(): number {
    return this.#members.size;
  }

  /** A connection enters the room of its own id, which holds nobody's memory but its own. */
  enter(socket: ServerWebSocket): void {
    this.#byId.set(socket.id, socket);
  }

  join(socket: ServerWebSocket, room: string): void {
    const members = this.#members.get(room);
    if (members) members.add(socket);
    else this.#members.set(room, new Set([socket]));
    socket.rooms ??= new Set();
    socket.rooms.add(room);
  }

  leave(socket: ServerWebSocket, room: string): void {
    if (!socket.rooms?.delete(room)) return;
    this.#removeMember(socket, room);
  }

  /** Takes a connection out of all its rooms, the one of its own id too. */
  leaveAll(socket: ServerWebSocket): void {
    if (this.#byId.get(socket.id) === socket) this.#byId.delete(socket.id);
    for (const room of socket.rooms ?? []) this.#removeMember(socket, room);
  }

  /** Everyone in a room, each once: those who joined, and the connection whose id it is. */
  membersOf(room: string): Iterable<ServerWebSocket> {
    const members = this.#members.get(room);
    const owner = this.#byId.get(room);
    if (owner === undefined) return members ?? NO_MEMBERS;
    return members === undefined ? [owner] : new Set(members).add(owner);
  }

  #removeMember(socket: ServerWebSocket, room: string): void {
    const members = this.#members.get(room);
    members?.delete(socket);
    if (members?.size === 0) this.#members.delete(room);
  }
}
