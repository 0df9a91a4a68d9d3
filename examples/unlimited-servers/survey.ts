import { All, type Connection } from '../../src/main/index.ts';

/** What JSON would not bring over: msgpack does. */
export interface Sample {
  at: Date;
  colour: Uint8Array;
  nanoseconds: bigint;
}

/** What a tab has answered. */
interface Answer extends Sample {
  readonly id: string;
  readonly name: string;
  readonly shard: number;
}

/** What pages send, which is unknown until it has been checked, and what they are sent. */
export interface SurveyEvents {
  welcome: { id: string; shard: number };
  /** A page asks its shard: what is this? The answer says it for each field, and has it all again. */
  inspect: (sample: unknown) => { shard: number; types: Record<string, string>; back: unknown };
  /** A page asks what all pages answer. */
  survey: () => { answers: readonly Answer[]; silent: number };
  /** A shard asks a page. */
  sample: () => Sample & { name: string; shard: number };
}

const PATIENCE = 2_000;
const MAX_NAME = 24;
const MAX_FIELDS = 10;
const MAX_ANSWERS = 100;

/** Runs in the shard that owns the socket, and asks pages on every shard. */
export function onConnection(c: Connection<SurveyEvents>): void {
  c.emit('welcome', { id: c.id, shard: c.shard });

  // What a handler returns is the answer …
  c.on('inspect', (sample) => {
    const fields = Object.entries(sample ?? {}).slice(0, MAX_FIELDS);
    const types = fields.map(([name, value]) => [name, typeOf(value)]);
    return { shard: c.shard, types: Object.fromEntries(types), back: sample };
  });

  // … or what its promise resolves to: here the answers of all pages, those on other shards too.
  c.on('survey', async () => {
    const options = { timeoutMs: PATIENCE };
    const { answers, missing } = await c.to(All).emitWithAck('sample', undefined, options);
    const good = answers.map(({ id, payload }) => answerOf(id, payload));
    const known = good.filter((answer) => answer !== undefined).slice(0, MAX_ANSWERS);
    return { answers: known, silent: missing.length };
  });
}

/** What a page has answered, if it is what it should be: other pages are going to see it. */
function answerOf(id: string, payload: unknown): Answer | undefined {
  const { name, shard, at, colour, nanoseconds } = (payload ?? {}) as Partial<Answer>;
  if (typeof name !== 'string' || typeof shard !== 'number') return undefined;
  if (!(at instanceof Date) || !(colour instanceof Uint8Array)) return undefined;
  if (typeof nanoseconds !== 'bigint' || colour.length !== 3) return undefined;
  return { id, name: name.slice(0, MAX_NAME), shard, at, colour, nanoseconds };
}

/** The name of a value's type or class: `Date`, `Uint8Array`, `BigInt`, `Object` … */
function typeOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
