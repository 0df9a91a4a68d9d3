import type { ConnectionPage, ListOptions, RoomPage } from '../api/list-types.ts';
import type { AnyEvents, Emitter, ServerHandle } from '../api/public-types.ts';
import { checkRoomName, MAX_NAME_BYTES } from '../api/room-name.ts';
import type { Targets, Whom } from '../api/targets.ts';
import { checkClose } from '../codec/frame.ts';
import {
  applyRules,
  type Filled,
  integer,
  MAX_MS,
  type Rules,
  rule,
} from '../options/option-rules.ts';
import { mergeConnections, mergeRooms } from '../spread/listing.ts';
import { NOBODY, selectionOf, selectionOfWhom } from '../spread/selection.ts';
import type { Verbs } from '../spread/verbs.ts';
import { TargetEmitter } from './target-emitter.ts';

type Room = { readonly room?: string | undefined };

const COUNT_RULES: Rules<Filled<Room>> = {
  room: rule<string>("'' or the name of a room", '', (value) => typeof value === 'string'),
};
const PAGE_RULES = { limit: integer(1, 10_000, 1_000), timeoutMs: integer(1, MAX_MS, 5_000) };
const CONNECTION_LIST_RULES: Rules<Filled<ListOptions & Room>> = {
  ...PAGE_RULES,
  ...COUNT_RULES,
  cursor: rule('the cursor of a page', '0', (value) => /^\d{1,16}$/.test(String(value))),
};
const ROOM_LIST_RULES: Rules<Filled<ListOptions>> = {
  ...PAGE_RULES,
  cursor: rule('the cursor of a page', '', (value) => typeof value === 'string'),
};

/** The app's view of a server: the same code on the primary and in the shards. */
export class AppServer<Events extends object = AnyEvents> implements ServerHandle<Events> {
  readonly #verbs: Verbs;

  constructor(verbs: Verbs) {
    this.#verbs = verbs;
  }

  get endpoint(): string {
    return this.#verbs.endpoint;
  }

  to(target: Targets): Emitter<Events> {
    return new TargetEmitter<Events>(this.#verbs, selectionOf(target, NOBODY));
  }

  count(of: Room = {}): number {
    return this.#verbs.count(applyRules(COUNT_RULES, of).room);
  }

  async connections(options: ListOptions & Room = {}): Promise<ConnectionPage> {
    const { room, cursor, limit, timeoutMs } = applyRules(CONNECTION_LIST_RULES, options);
    const ask = { list: 'connections', room, after: cursor, limit: limit + 1 } as const;
    const { connections, silentShards } = await this.#verbs.list(ask, timeoutMs);
    const { page, last } = cut(mergeConnections(connections, limit + 1), limit);
    const next = last && String(last.number);
    return { connections: page.map(({ number, ...info }) => info), cursor: next, silentShards };
  }

  async rooms(options: ListOptions = {}): Promise<RoomPage> {
    const { cursor, limit, timeoutMs } = applyRules(ROOM_LIST_RULES, options);
    const ask = { list: 'rooms', room: '', after: cursor, limit: limit + 1 } as const;
    const { rooms, silentShards } = await this.#verbs.list(ask, timeoutMs);
    const { page, last } = cut(mergeRooms(rooms, limit + 1), limit);
    return { rooms: page, cursor: last?.room, silentShards };
  }

  join(whom: Whom, room: string): void {
    checkRoomName(room, this.#verbs.limits.maxRoomNameBytes);
    this.#verbs.command(selectionOfWhom(whom), { do: 'join', room });
  }

  leave(whom: Whom, room: string): void {
    checkRoomName(room, MAX_NAME_BYTES, 'what a name may have');
    this.#verbs.command(selectionOfWhom(whom), { do: 'leave', room });
  }

  disconnect(whom: Whom, code = 1000, reason = ''): void {
    checkClose(code, reason);
    this.#verbs.command(selectionOfWhom(whom), { do: 'disconnect', code, reason });
  }
}

/** A page of entries; `last`: the last one of the page, where more than `limit` were found. */
function cut<Entry>(entries: readonly Entry[], limit: number) {
  const page = entries.slice(0, limit);
  return { page, last: entries.length > limit ? page.at(-1) : undefined };
}
