import { serialize } from 'node:v8';
import type { Codec, DecodedAnswer, Message } from '../codec/codec.ts';
import type { Several } from '../spread/selection.ts';
import type { AckAnswer, AckMissing, AckResult, SentAnswer } from './ask.ts';

/*
 * An ask of a room goes to every shard that may have members. Each shard asks its own, and sends
 * one record back when it has all answers. Asks are rare beside messages: their bodies are
 * structured clones. They have answers as the messages that clients sent, and the thread that asks
 * decodes them: a clone of a value that a client chose could fail, or take far more memory.
 */

/** The body of an ASK record. */
export interface AskBody {
  /** The number under which the thread that asks awaits the results. */
  readonly ask: number;
  /** The thread that asks, as a peer. */
  readonly from: number;
  /** The name of the event, by which its answers are checked. */
  readonly event: string;
  /** The event for each codec of the server; undefined where nobody spoke it. */
  readonly events: readonly (Message | undefined)[];
  readonly timeoutMs: number;
  /** The connections that are asked, where those are not the room of the record. */
  readonly several?: Several;
}

/** The body of an ASK_RESULT record. */
export interface AskResultBody {
  readonly ask: number;
  readonly answers: readonly AckAnswer<SentAnswer>[];
  readonly missing: readonly AckMissing[];
}

/** The time that the thread that asks waits beyond its shards, in milliseconds. */
export const GRACE = 1_000;

/** The bytes of a result. @param result that of an `Ask` that has kept messages */
export function encodeResult(ask: number, { answers, missing }: AckResult): Buffer {
  return serialize({ ask, answers, missing });
}

/** Adds the answers of the members in one shard to all answers so far. */
export function addResult(
  { answers, missing }: { answers: AckAnswer[]; missing: AckMissing[] },
  result: AskResultBody,
  codecs: readonly Codec[],
): void {
  // One by one: no function takes as many arguments as a shard may have members.
  for (const { id, payload } of result.answers) {
    answers.push({ id, payload: payloadOf(payload, codecs) });
  }
  for (const one of result.missing) missing.push(one);
}

/** The payload of an answer; shares no memory with the message. */
export function payloadOf({ codec, message }: SentAnswer, codecs: readonly Codec[]): unknown {
  const spoken = codecs.find(({ name }) => name === codec) as Codec;
  return (spoken.decode(message) as DecodedAnswer).payload;
}
