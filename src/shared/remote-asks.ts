import { deserialize, serialize } from 'node:v8';
import type { AckAnswer, AckMissing, AckResult, SentAnswer } from './asks.ts';
import type { Codec, DecodedAnswer, Message } from './codec.ts';
import { NOBODY, type Question, type ServerScope } from './emitter.ts';
import { type InterestMap, interestKey } from './interest-table.ts';
import { encodeRecord, RecordKind } from './records.ts';
import type { RoutedRecord } from './routed-record.ts';
import { NotMe, type Target } from './targets.ts';

/*
 * A question to a room goes to every shard that may have members; each asks its own, and sends one
 * record back when it has them all. Questions are rare beside messages: their bodies are structured
 * clones. What a peer answered is in them as the message that it sent, and decoded by who asked: a
 * clone of a value that a peer chose could fail, or take far more memory than the message.
 */

/** The body of an ASK record. */
export interface AskBody {
  /** The number under which the thread that asks awaits the results. */
  readonly ask: number;
  /** The thread that asks, as a peer. */
  readonly from: number;
  /** The event for each codec of the server; undefined where nobody spoke it. */
  readonly events: readonly (Message | undefined)[];
  readonly timeoutMs: number;
}

/** The body of an ASK_RESULT record. */
export interface AskResultBody {
  readonly ask: number;
  readonly answers: readonly AckAnswer<SentAnswer>[];
  readonly missing: readonly AckMissing[];
}

/**
 * The bytes of a result.
 * @param result that of an `Ask` which has kept messages
 */
export function encodeResult(ask: number, { answers, missing }: AckResult): Buffer {
  return serialize({ ask, answers, missing });
}

/** The body of an ASK or ASK_RESULT record; its bytes are parts of `bytes`. */
export function decodeBody<Body extends AskBody | AskResultBody>(bytes: Buffer): Body {
  return deserialize(bytes) as Body;
}

/** How much longer than its shards the thread that asks waits, in milliseconds. */
const GRACE = 1_000;
const LONGEST_TIMER = 2 ** 31 - 1;

/** Who asks whom, and how that goes out. */
export interface RemoteQuestion {
  readonly target: Target;
  readonly sender: number;
  readonly question: Question;
  /** The thread that asks, as a peer. */
  readonly from: number;
  readonly interest: InterestMap;
  /** Whether this thread has members of the room who speak the codec. */
  isWantedHere(codec: number, room: string): boolean;
  /** @throws EngineError ERR_OUTBOX_FULL, and then no shard has got it */
  send(records: readonly RoutedRecord[]): void;
}

interface Pending {
  readonly codecs: readonly Codec[];
  readonly waiting: Set<number>;
  readonly silent: number[];
  readonly answers: AckAnswer[];
  readonly missing: AckMissing[];
  readonly settle: () => void;
}

/** What one thread has asked of shards. */
export class RemoteAsks {
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  /**
   * Asks every shard which may have members of the target.
   * @returns the events, for the members here, and the promise of what the shards answer
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, ERR_OUTBOX_FULL, and then nobody has been asked
   */
  ask(
    { number: server, codecs }: ServerScope,
    { target, sender, question, from, interest, isWantedHere, send }: RemoteQuestion,
  ): { events: AskBody['events']; result: Promise<AckResult> } {
    const { timeoutMs } = question;
    const name = target === NotMe ? '' : target;
    const connection = target === NotMe ? sender : NOBODY;
    const shards = new Set<number>();
    const events = codecs.map((codec, flag) => {
      const peers = interest.shardsFor(interestKey(server, flag, name));
      for (const peer of peers) shards.add(peer);
      return peers.length > 0 || isWantedHere(flag, name) ? question.encode(codec) : undefined;
    });
    const ask = ++this.#last;
    if (shards.size > 0) {
      const header = { kind: RecordKind.ASK, server, connection, name };
      const body: AskBody = { ask, from, events, timeoutMs };
      send([{ peers: [...shards], record: encodeRecord(header, serialize(body)) }]);
    }
    return { events, result: this.#expect(ask, shards, timeoutMs, codecs) };
  }

  #expect(
    ask: number,
    waiting: Set<number>,
    timeoutMs: number,
    codecs: readonly Codec[],
  ): Promise<AckResult> {
    const { promise, resolve } = Promise.withResolvers<AckResult>();
    const answers: AckAnswer[] = [];
    const missing: AckMissing[] = [];
    const silent: number[] = [];
    const settle = () => {
      clearTimeout(timer);
      this.#pending.delete(ask);
      resolve({ answers, missing, silentShards: [...silent, ...waiting] });
    };
    const timer = setTimeout(settle, Math.min(timeoutMs + GRACE, LONGEST_TIMER));
    this.#pending.set(ask, { codecs, waiting, silent, answers, missing, settle });
    if (waiting.size === 0) settle();
    return promise;
  }

  /** A shard has sent what its members answered. */
  receive(shard: number, { ask, answers, missing }: AskResultBody): void {
    const pending = this.#pending.get(ask);
    if (!pending?.waiting.delete(shard)) return;
    // One by one: as many arguments as a shard may have members no function can be given.
    for (const { id, payload } of answers) {
      pending.answers.push({ id, payload: payloadOf(payload, pending.codecs) });
    }
    for (const one of missing) pending.missing.push(one);
    if (pending.waiting.size === 0) pending.settle();
  }

  /** A shard has died: what it has not answered it never will. */
  shardDied(shard: number): void {
    for (const { waiting, silent, settle } of [...this.#pending.values()]) {
      if (!waiting.delete(shard)) continue;
      silent.push(shard);
      if (waiting.size === 0) settle();
    }
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const { settle } of [...this.#pending.values()]) settle();
  }
}

/** What the peer answered; shares no memory with the message. */
function payloadOf({ codec, message }: SentAnswer, codecs: readonly Codec[]): unknown {
  const spoken = codecs.find(({ name }) => name === codec) as Codec;
  return (spoken.decode(message) as DecodedAnswer).payload;
}
