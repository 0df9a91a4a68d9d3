import { NOBODY, type Selection } from '../../shared/emit/selection.ts';
import type { Member, Rooms } from './rooms.ts';

/** Connections, and one of them that is not meant; {@link NOBODY} where all are. */
export interface Selected {
  readonly members: Iterable<Member>;
  readonly except: number;
}

/** Those of some rooms whom a selection means, each once; undefined where there is nobody. */
export function selectedIn(
  rooms: Rooms | undefined,
  { room, except, several }: Selection,
): Selected | undefined {
  if (several === undefined) {
    const members = rooms?.membersOf(room);
    return members && { members, except };
  }
  const members = new Set<Member>();
  for (const name of several.rooms) {
    for (const member of rooms?.membersOf(name) ?? []) {
      if (name !== '' || member.number !== except) members.add(member);
    }
  }
  for (const name of several.except) {
    for (const member of rooms?.membersOf(name) ?? []) members.delete(member);
  }
  return members.size === 0 ? undefined : { members, except: NOBODY };
}
