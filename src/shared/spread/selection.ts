import { checkRoomName, MAX_NAME_BYTES } from '../api/room-name.ts';
import { All, NotMe, type Target, type Targets, type Whom } from '../api/targets.ts';
import { optionError } from '../options/option-rules.ts';
import { type InterestMap, interestKey } from '../tables/interest-table.ts';

/** The number of no connection: the sender is outside any connection, the exception is nobody. */
export const NOBODY = 0;

/** The connections that a message, an ask or a command is for, by targets and exceptions. */
export interface Selection {
  /** A room or an id; '' = everyone. Where there are several: ''. */
  readonly room: string;
  /** A connection that '' leaves out; in rooms it is like any other. */
  readonly except: number;
  /** Left out where there is one room and no exception, which is nearly always. */
  readonly several?: Several;
}

/** Rooms and ids whose connections are meant, each connection once, and those left out. */
export interface Several {
  /** '' = everyone. */
  readonly rooms: readonly string[];
  readonly except: readonly string[];
}

const MOST_TARGETS = 10_000;

/**
 * The selection of a target.
 * @param sender a connection's number
 * @throws EngineError ERR_ROOM_NAME; ERR_OPTION for more than 10 000 targets
 */
export function selectionOf(target: Targets, sender: number): Selection {
  if (target === All) return { room: '', except: NOBODY };
  if (target === NotMe) return { room: '', except: sender };
  if (Array.isArray(target)) return selectionOfSeveral(target, sender);
  checkTarget(target as string);
  return { room: target as string, except: NOBODY };
}

/**
 * The selection of a target, or of a room, from outside any connection.
 * @throws EngineError as {@link selectionOf}
 */
export function selectionOfWhom(whom: Whom): Selection {
  const isRoom = typeof whom === 'object' && whom !== null && 'room' in whom;
  return selectionOf(isRoom ? whom.room : whom, NOBODY);
}

/**
 * The same without the members of some rooms, and some ids.
 * @throws EngineError as {@link selectionOf}
 */
export function excepting(selection: Selection, exceptions: string | readonly string[]): Selection {
  const added = typeof exceptions === 'string' ? [exceptions] : exceptions;
  if (!Array.isArray(added)) {
    throw optionError('except', added, 'a room, an id or an array of them');
  }
  const { room, except, several = { rooms: [room], except: [] } } = selection;
  checkCount('except', several.except.length + added.length);
  for (const name of added) checkTarget(name);
  return { room: '', except, several: { ...several, except: [...several.except, ...added] } };
}

function selectionOfSeveral(targets: readonly Target[], sender: number): Selection {
  checkCount('to', targets.length);
  const rooms = new Set<string>();
  for (const target of targets) {
    if (target === All) return { room: '', except: NOBODY };
    if (target !== NotMe) checkTarget(target as string);
    rooms.add(target === NotMe ? '' : (target as string));
  }
  return { room: '', except: sender, several: { rooms: [...rooms], except: [] } };
}

/** Checks a room or an id, which may be longer; '' would mean everyone. */
function checkTarget(name: string): void {
  checkRoomName(name, MAX_NAME_BYTES, 'what a name may have');
}

function checkCount(what: string, count: number): void {
  if (count > MOST_TARGETS) throw optionError(what, count, `at most ${MOST_TARGETS} targets`);
}

/** The selection without its exceptions: an upper bound, as the shards of one are. */
export function withoutExceptions({ room, several }: Selection): Selection {
  const selection = { room, except: NOBODY };
  return several === undefined ? selection : { ...selection, several: { ...several, except: [] } };
}

/** The shards that may have somebody of a selection who speaks a codec. */
export function shardsOf(
  interest: InterestMap,
  server: number,
  codec: number,
  { room, several }: Selection,
): number[] {
  if (several === undefined) return interest.shardsFor(interestKey(server, codec, room));
  const keys = several.rooms.map((name) => interestKey(server, codec, name));
  return [...new Set(keys.flatMap((key) => interest.shardsFor(key)))];
}

/** The shards that may have somebody of a selection, whichever of a server's codecs they speak. */
export function shardsOfAnyCodec(
  interest: InterestMap,
  server: number,
  codecs: number,
  selection: Selection,
): number[] {
  const each = Array.from({ length: codecs }, (_, codec) => codec);
  return [...new Set(each.flatMap((codec) => shardsOf(interest, server, codec, selection)))];
}

/** The name of a target for connections that keep only the latest message of each. */
export function labelOf({ room, several }: Selection): string {
  return several === undefined ? room : JSON.stringify(several);
}

/** Whether a selection means a connection. */
export function isSelected(
  connection: { readonly number: number; isJoined(room: string): boolean },
  { room, except, several }: Selection,
): boolean {
  const isIn = (name: string) =>
    name === '' ? connection.number !== except : connection.isJoined(name);
  if (several === undefined) return isIn(room);
  return several.rooms.some(isIn) && !several.except.some((name) => connection.isJoined(name));
}
