import { type Connection, NotMe, type ShardInfo } from '../../src/main/index.ts';
import type { ChatEvents, Overview, Person } from './chat-events.ts';
import { countVisit, type Guest } from './guests.ts';

const MAX_TABS_SHOWN = 12;

/** Everybody; every closure sees it, since all of them run on the primary. */
const people = new Map<string, Person>();

/** The handlers of one connection to the chat. It opens when this has been done. */
export async function enterChat(c: Connection<ChatEvents, Guest>): Promise<void> {
  const visits = await countVisit(c.data.guest);
  const me: Person = { id: c.id, shard: c.shard, name: '', room: '' };
  people.set(me.id, me);
  c.onDisconnect(() => people.delete(me.id)); // called at once for a tab that has gone meanwhile
  c.emit('welcome', { id: c.id, shard: c.shard, visits });

  c.on('enter', ({ name, room }) => {
    leave();
    Object.assign(me, { name, room });
    c.to(roomNamed(room)).emit('joined', me);
    c.join(roomNamed(room));
    const here = [...people.values()].filter((person) => person.room === room);
    c.emit('here', here);
  });

  c.on('leave', leave);

  c.on('say', (text) => {
    if (me.room !== '') c.to(roomNamed(me.room)).emit('said', { from: me, to: 'room', text });
  });

  c.on('shout', (text) => c.to(NotMe).emit('said', { from: me, to: 'others', text }));

  c.on('whisper', ({ to, text }) => {
    // Whoever has this id, and nobody else.
    if (people.has(to)) c.to(to).emit('said', { from: me, to: 'you', text });
  });

  c.on('typing', () => {
    if (me.room !== '') c.to(roomNamed(me.room)).emit('typing', me.id);
  });

  // Fires when a connection ends too, and so for whoever closes the tab.
  c.onLeave((room) => {
    if (room !== c.id) c.to(room).emit('left', me);
  });

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
