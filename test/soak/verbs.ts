import { BroadcastChannel, threadId } from 'node:worker_threads';
import type { Connection } from '../../src/main/index.ts';
import { NotMe } from '../../src/shared/api/targets.ts';
import type { Stamp } from './facts.ts';

/** One thing that a client asks for. `id` is the model's number of it. */
export type Verb =
  | { readonly verb: 'join' | 'leave'; readonly id: number; readonly room: string }
  | ({ readonly verb: 'say' } & Saying)
  | { readonly verb: 'die'; readonly how: Death };

/** How a shard dies. */
export type Death = 'exit' | 'throw';

/** A message to be sent. */
export interface Saying {
  readonly id: number;
  /** Left out: everyone but the sender. */
  readonly target?: string;
  /** Bytes that make it larger. */
  readonly pad: number;
}

/** What a handler tells the process about, beside its clients. */
export interface Report {
  readonly what: 'began' | 'ended' | 'error' | 'dropped';
  readonly server: string;
  readonly id: string;
  readonly code?: string;
  /** How many messages were dropped. */
  readonly count?: number;
}

/** The room in which every connection is from the beginning, until it leaves. */
export const LOBBY = 'lobby';

/** The name of the channel on which shards report. */
export const REPORTS = 'soak-reports';

let counted = 0;

/** What this thread does next comes after everything that it has stamped before. */
export function stamp(): Stamp {
  return { thread: threadId, n: ++counted };
}

/** The payload of a message; the receiver can tell whether it is whole. */
export function said({ id, pad }: Saying, server: string, { thread, n }: Stamp) {
  return { id, server, thread, n, pad: padding(id, pad) };
}

/** What makes a message larger: another letter for each. */
export function padding(id: number, bytes: number): string {
  return String.fromCharCode(97 + (id % 26)).repeat(bytes);
}

function perform(c: Connection, verb: Exclude<Verb, { verb: 'die' }>): Stamp {
  if (verb.verb === 'join') c.join(verb.room);
  else if (verb.verb === 'leave') c.leave(verb.room);
  const done = stamp();
  if (verb.verb === 'say') {
    c.to(verb.target ?? NotMe).emit('said', said(verb, c.server.endpoint, done));
  }
  return done;
}

/** Keeps this thread from doing anything else. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

function die(how: Death): void {
  if (how === 'exit') process.exit(1);
  setImmediate(() => {
    throw new Error('a shard that was told to die');
  });
}

/** The handlers of a soaked server, which tell `report` what its clients are not told. */
export function verbs(report: (report: Report) => void): (c: Connection) => void {
  return (c) => {
    const about = { server: c.server.endpoint, id: c.id };
    report({ what: 'began', ...about });
    c.on('do', (list) => {
      for (const verb of list as Verb[]) {
        if (verb.verb === 'die') return die(verb.how);
        const done = perform(c, verb);
        c.emit('did', { id: verb.id, done, reply: stamp() });
      }
    });
    c.on('ask', (verb) => perform(c, { verb: 'say', ...(verb as Saying) }));
    c.on('block', (ms) => block(ms as number));
    c.onError(({ code }) => report({ what: 'error', ...about, code }));
    c.onBackpressure(({ state, droppedMessages }) => {
      if (state !== 'behind') report({ what: 'dropped', ...about, count: droppedMessages });
    });
    c.onDisconnect(() => report({ what: 'ended', ...about }));
    c.join(LOBBY);
    c.emit('hello', { id: c.id, shard: c.shard, ...stamp() });
  };
}

let channel: BroadcastChannel | undefined;

/** Makes this file a handler module. */
export function onConnection(c: Connection): void {
  if (channel === undefined) {
    channel = new BroadcastChannel(REPORTS);
    channel.unref();
  }
  const reports = channel;
  verbs((report) => reports.postMessage(report))(c);
}
