import type { ConnectionPage, ListOptions, RoomPage } from '../api/list-types.ts';
import type { AnyEvents, Emitter, ServerHandle } from '../api/public-types.ts';
import { checkRoomName } from '../api/room-name.ts';
import type { Targets, Whom } from '../api/targets.ts';
import { mergeConnections, mergeRooms } from '../ask/listing.ts';
import type { Found, Query } from '../ask/remote-lists.ts';
import { checkClose } from '../codec/frame.ts';
import type { Command } from '../emit/commands.ts';
import { NOBODY, type Selection, selectionOf, selectionOfWhom } from '../emit/selection.ts';
import { type ServerScope, TargetEmitter } from '../emit/target-emitter.ts';
import { MAX_NAME_BYTES } from '../messages/records.ts';
import {
  applyRules,
  type Filled,
  integer,
  MAX_MS,
  type Rules,
  rule,
} from '../options/option-rules.ts';

/** What a {@link AppServer} needs of the server behind it. */
export interface OutsideScope extends ServerScope {
  /** How many are in a room, '' = all. */
  count(room: string): number;
  /** Has everyone who is selected do something. */
  command(selection: Selection, command: Command): void;
  /** Asks whoever has them for entries. */
  list(query: Query, timeoutMs: number): Promise<Found>;
}

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
  readonly #scope: OutsideScope;

  constructor(scope: OutsideScope) {
    this.#scope = scope;
  }

  get endpoint(): string {
    return this.#scope.endpoint;
  }

  to(target: Targets): Emitter<Events> {
    return new TargetEmitter<Events>(this.#scope, selectionOf(target, NOBODY));
  }

  count(of: Room = {}): number {
    return this.#scope.count(applyRules(COUNT_RULES, of).room);
  }

  async connections(options: ListOptions & Room = {}): Promise<ConnectionPage> {
    const { cursor, timeoutMs, ...wanted } = applyRules(CONNECTION_LIST_RULES, options);
    // One more than is wanted: is there a next page?
    const limit = wanted.limit + 1;
    const query = { list: 'connections', room: wanted.room, after: cursor, limit } as const;
    const { connections, silentShards } = await this.#scope.list(query, timeoutMs);
    const page = mergeConnections(connections, limit);
    const hasMore = page.length === limit;
    if (hasMore) page.pop();
    const next = hasMore ? String(page.at(-1)?.number) : undefined;
    return { connections: page.map(({ number, ...info }) => info), cursor: next, silentShards };
  }

  async rooms(options: ListOptions = {}): Promise<RoomPage> {
    const { cursor, timeoutMs, ...wanted } = applyRules(ROOM_LIST_RULES, options);
    const limit = wanted.limit + 1;
    const query = { list: 'rooms', room: '', after: cursor, limit } as const;
    const found = await this.#scope.list(query, timeoutMs);
    const rooms = mergeRooms(found.rooms, limit);
    const hasMore = rooms.length === limit;
    if (hasMore) rooms.pop();
    const next = hasMore ? rooms.at(-1)?.room : undefined;
    return { rooms, cursor: next, silentShards: found.silentShards };
  }

  join(whom: Whom, room: string): void {
    checkRoomName(room, this.#scope.options.maxRoomNameBytes);
    this.#scope.command(selectionOfWhom(whom), { do: 'join', room });
  }

  leave(whom: Whom, room: string): void {
    checkRoomName(room, MAX_NAME_BYTES, 'what a name may have');
    this.#scope.command(selectionOfWhom(whom), { do: 'leave', room });
  }

  disconnect(whom: Whom, code = 1000, reason = ''): void {
    checkClose(code, reason);
    this.#scope.command(selectionOfWhom(whom), { do: 'disconnect', code, reason });
  }
}
