import { z } from 'zod';
import type { EventsOf, ShardInfo } from '../../src/main/index.ts';
import type { ShardLoad } from './load.ts';

/** Somebody in the chat: one tab. */
export interface Person {
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

const name = z.string().trim().min(1).max(24);
const text = z.string().trim().min(1).max(500);

/** What pages send. A payload that is not so reaches no handler. */
export const chatSchemas = {
  enter: z.object({ name, room: name }),
  say: text,
  shout: text,
  whisper: z.object({ to: z.string(), text }),
};

/** What pages send, and what they are sent. */
export interface ChatEvents extends EventsOf<typeof chatSchemas> {
  leave: undefined;
  typing: string | undefined;

  welcome: { id: string; shard: number; visits: number };
  here: readonly Person[];
  joined: Person;
  left: Person;
  said: { from: Person; to: 'room' | 'others' | 'you'; text: string };
  overview: Overview;
  load: readonly ShardLoad[];
}
