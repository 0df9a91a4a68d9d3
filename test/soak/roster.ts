import type { ConnectionFacts, Membership } from './facts.ts';

/** Who is, and who has been, in which room of which server. */
export class Roster {
  readonly #rooms = new Map<string, Membership[]>();

  /** Notes that a connection has asked to join. */
  add(connection: ConnectionFacts, target: string): Membership {
    const member: Membership = {
      connection,
      target,
      joinedAt: undefined,
      joinedN: undefined,
      leftN: undefined,
      leftAt: undefined,
      seenAtLeave: undefined,
    };
    const key = keyOf(connection.server, target);
    const room = this.#rooms.get(key);
    if (room === undefined) this.#rooms.set(key, [member]);
    else room.push(member);
    return member;
  }

  /** All memberships of a room, those that have ended among them. */
  of(server: string, target: string): readonly Membership[] {
    return this.#rooms.get(keyOf(server, target)) ?? [];
  }

  /** Forgets memberships about which no message can be judged any more. */
  forget(isOver: (member: Membership) => boolean): void {
    for (const [key, room] of this.#rooms) {
      const left = room.filter((member) => !isOver(member));
      if (left.length === 0) this.#rooms.delete(key);
      else if (left.length < room.length) this.#rooms.set(key, left);
    }
  }
}

function keyOf(server: string, target: string): string {
  return `${server}\0${target}`;
}
