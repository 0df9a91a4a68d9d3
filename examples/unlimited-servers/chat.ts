import { type Connection, NotMe, type ShardInfo } from '../../src/main/index.ts';
import type { ShardLoad } from './load.ts';

/** Somebody in the chat: one tab. */
interface Person {
  readonly id: string;
  /** The shard whose thread owns the tab's connection. */
  readonly shard: number;
  name: string;
  /** '' = in none. */
  room: string;
}

/** One shard, and who is on it. */
interface ShardOverview extends ShardInfo {
  readonly tabCount: number;
  /** Some of them, where there are many. */
  readonly tabs: readonly Pick<Person, 'id' | 'name'>[];
}

/** Who and what is where. */
export interface Overview {
  readonly shards: readonly ShardOverview[];
  /** The rooms that anybody is in, and how many. */
  readonly rooms: readonly { readonly room: string; readonly people: number }[];
}

/** What pages send, which is unknown until it has been checked, and what they are sent. */
export interface ChatEvents {
  enter: unknown;
  leave: unknown;
  say: unknown;
  shout: unknown;
  whisper: unknown;
  typing: unknown;

  welcome: { id: string; shard: number };
  here: readonly Person[];
  joined: Person;
  left: Person;
  said: { from: Person; to: 'room' | 'others' | 'you'; text: string };
  overview: Overview;
  load: readonly ShardLoad[];
}

const MAX_NAME = 24;
const MAX_TEXT = 500;
const MAX_TABS_SHOWN = 12;

/** Everybody; every closure sees it, since all of them run on the primary. */
const people = new Map<string, Person>();

/** The handlers of one connection to the chat. */
export function enterChat(c: Connection<ChatEvents>): void {
  const me: Person = { id: c.id, shard: c.shard, name: '', room: '' };
  people.set(me.id, me);
  c.emit('welcome', { id: c.id, shard: c.shard });

  c.on('enter', (wish) => {
    const name = textOf(wish, 'name', MAX_NAME);
    const room = textOf(wish, 'room', MAX_NAME);
    if (name === undefined || room === undefined) return;
    leave();
    Object.assign(me, { name, room });
    c.to(roomNamed(room)).emit('joined', me);
    c.join(roomNamed(room));
    const here = [...people.values()].filter((person) => person.room === room);
    c.emit('here', here);
  });

  c.on('leave', leave);

  c.on('say', (said) => {
    const text = textOf({ said }, 'said', MAX_TEXT);
    if (text !== undefined && me.room !== '') {
      c.to(roomNamed(me.room)).emit('said', { from: me, to: 'room', text });
    }
  });

  c.on('shout', (said) => {
    const text = textOf({ said }, 'said', MAX_TEXT);
    if (text !== undefined) c.to(NotMe).emit('said', { from: me, to: 'others', text });
  });

  c.on('whisper', (said) => {
    const id = textOf(said, 'to', Number.POSITIVE_INFINITY);
    const text = textOf(said, 'text', MAX_TEXT);
    if (id === undefined || text === undefined || !people.has(id)) return;
    c.to(id).emit('said', { from: me, to: 'you', text }); // whoever has this id, and nobody else
  });

  c.on('typing', () => {
    if (me.room !== '') c.to(roomNamed(me.room)).emit('typing', me.id);
  });

  // Fires when a connection ends too, and so for whoever closes the tab.
  c.onLeave((room) => {
    if (room !== c.id) c.to(room).emit('left', me);
  });

  c.onDisconnect(() => people.delete(me.id));

  function leave(): void {
    if (me.room !== '') c.leave(roomNamed(me.room));
    me.room = '';
  }
}

/** Who and what is where, for everybody to see. */
export function overview(shards: readonly ShardInfo[]): Overview {
  const byShard = Map.groupBy(people.values(), ({ shard }) => shard);
  const byRoom = Map.groupBy(people.values(), ({ room }) => room);
  byRoom.delete('');
  return {
    shards: shards.map((info) => {
      const tabs = byShard.get(info.shard) ?? [];
      const shown = tabs.slice(0, MAX_TABS_SHOWN).map(({ id, name }) => ({ id, name }));
      return { ...info, tabCount: tabs.length, tabs: shown };
    }),
    rooms: [...byRoom].map(([room, members]) => ({ room, people: members.length })),
  };
}

/** A room named by an id belongs to that connection: what people name must never look like one. */
function roomNamed(name: string): string {
  return `#${name}`;
}

/** A field of what a page has sent, if it is a text that is neither empty nor too long. */
function textOf(payload: unknown, field: string, maxLength: number): string | undefined {
  const value = (payload as Record<string, unknown> | null | undefined)?.[field];
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text !== '' && text.length <= maxLength ? text : undefined;
}
