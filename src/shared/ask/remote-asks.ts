import { serialize } from 'node:v8';
import type { Codec, DecodedAnswer, Message } from '../codec/codec.ts';
import type { ReachedServer } from '../emit/outlet.ts';
import { type Selection, type Several, shardsOf } from '../emit/selection.ts';
import type { Question } from '../emit/target-emitter.ts';
import { encodeRecord, RecordKind } from '../messages/records.ts';
import type { AckAnswer, AckMissing, AckResult, SentAnswer } from './ask.ts';
import { Gather } from './gather.ts';

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
  /** Who is asked, where that is not the room of the record. */
  readonly several?: Several | undefined;
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

/** How much longer than its shards the thread that asks waits, in milliseconds. */
const GRACE = 1_000;

/** Who is asked what. */
export interface RemoteQuestion {
  readonly selection: Selection;
  readonly question: Question;
  /** Whether this thread has somebody of the selection who speaks the codec. */
  isWantedHere(codec: number, selection: Selection): boolean;
}

/** What one thread has asked of shards. */
export class RemoteAsks {
  readonly #replies = new Gather<AskResultBody>();

  /**
   * Asks every shard which may have somebody of the selection.
   * @returns the events, for those who are here, and the promise of what the shards answer
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, ERR_OUTBOX_FULL, and then nobody has been asked
   */
  ask(
    { number: server, codecs, outlet }: ReachedServer,
    { selection, question, isWantedHere }: RemoteQuestion,
  ): { events: AskBody['events']; result: Promise<AckResult> } {
    const { timeoutMs } = question;
    const shards = new Set<number>();
    const events = codecs.map((codec, flag) => {
      const peers = shardsOf(outlet.interest, server, flag, selection);
      for (const peer of peers) shards.add(peer);
      return peers.length > 0 || isWantedHere(flag, selection) ? question.encode(codec) : undefined;
    });
    const ask = this.#replies.next();
    if (shards.size > 0) {
      const { room: name, except: connection, several } = selection;
      const header = { kind: RecordKind.ASK, server, connection, name };
      const body: AskBody = {
        ask,
        from: outlet.from,
        events,
        timeoutMs,
        ...(several && { several }),
      };
      outlet.send([{ peers: [...shards], record: encodeRecord(header, serialize(body)) }]);
    }
    return { events, result: this.#expect(ask, shards, timeoutMs, codecs) };
  }

  async #expect(
    ask: number,
    shards: Set<number>,
    timeoutMs: number,
    codecs: readonly Codec[],
  ): Promise<AckResult> {
    const answers: AckAnswer[] = [];
    const missing: AckMissing[] = [];
    const onReply = (result: AskResultBody) => {
      // One by one: as many arguments as a shard may have members no function can be given.
      for (const { id, payload } of result.answers) {
        answers.push({ id, payload: payloadOf(payload, codecs) });
      }
      for (const one of result.missing) missing.push(one);
    };
    const silentShards = await this.#replies.expect(ask, shards, timeoutMs + GRACE, onReply);
    return { answers, missing, silentShards };
  }

  /** A shard has sent what its members answered. */
  receive(shard: number, result: AskResultBody): void {
    this.#replies.receive(shard, result.ask, result);
  }

  /** A shard has died: what it has not answered it never will. */
  shardDied(shard: number): void {
    this.#replies.shardDied(shard);
  }

  /** Nobody will answer any more. */
  close(): void {
    this.#replies.close();
  }
}

/** What the peer answered; shares no memory with the message. */
function payloadOf({ codec, message }: SentAnswer, codecs: readonly Codec[]): unknown {
  const spoken = codecs.find(({ name }) => name === codec) as Codec;
  return (spoken.decode(message) as DecodedAnswer).payload;
}
