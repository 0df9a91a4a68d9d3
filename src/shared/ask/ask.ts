import { EngineError, type ErrorCode } from '../api/errors.ts';
import type { Codec, CodecName, Encode, Message } from '../codec/codec.ts';

/** The answer of one connection. */
export interface AckAnswer<Answer = unknown> {
  readonly id: string;
  readonly payload: Answer;
}

/** A connection that did not answer, and the reason. */
export interface AckMissing {
  readonly id: string;
  /** ERR_ACK_TIMEOUT, ERR_ACK_UNSUPPORTED, ERR_ACK_FAILED or ERR_CONNECTION_ENDED */
  readonly code: ErrorCode;
  /** The reason in the client's words, where it said that it cannot answer: ERR_ACK_FAILED. */
  readonly reason?: string;
}

/** The answers of a target. */
export interface AckResult<Answer = unknown> {
  readonly answers: readonly AckAnswer<Answer>[];
  readonly missing: readonly AckMissing[];
  /** Shards that died, or were too busy to answer; the connections asked there are not known. */
  readonly silentShards: readonly number[];
}

/** A connection that can be asked. */
export interface Askable {
  readonly id: string;
  readonly codec: Codec;
  /** Whether its client is known to answer. */
  readonly answersAsks: boolean;
  /** Whether nothing can be sent to it any more. */
  readonly hasEnded: boolean;
  /** Sends a message to it; where `ask` is given, the answer to that number goes to it. */
  sendAsk(message: Message, ask?: Ask): void;
  forgetAsk(ask: Ask): void;
}

/** An answer as the client sent it. */
export interface SentAnswer {
  readonly codec: CodecName;
  readonly message: Message;
}

/**
 * The part of an answer that is kept: its payload, or for another thread its message
 * ({@link SentAnswer}). A structured clone of a client's value could fail, or take much memory.
 */
export type KeptAnswer = 'payload' | 'message';

let lastNumber = 0;

/** One ask of any number of connections of this thread, and their answers so far. */
export class Ask {
  /** The number that the answers carry. */
  readonly number = ++lastNumber;
  readonly result: Promise<AckResult>;
  readonly #waiting = new Set<Askable>();
  readonly #answers: AckAnswer[] = [];
  readonly #missing: AckMissing[] = [];
  readonly #keep: KeptAnswer;
  readonly #settle: (result: AckResult) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Asks. A connection that is not known to answer gets the plain event, and counts as missing.
   * @param encode called once for each codec of the connections
   * @param timeoutMs milliseconds to wait for answers
   * @throws any error of `encode`, and then nobody has been asked; EngineError ERR_OUTBOX_FULL
   */
  constructor(
    asked: Iterable<Askable>,
    encode: Encode,
    timeoutMs: number,
    keep: KeptAnswer = 'payload',
  ) {
    this.#keep = keep;
    const { promise, resolve } = Promise.withResolvers<AckResult>();
    this.result = promise;
    this.#settle = resolve;
    const connections = [...asked];
    const events = new Map<Codec, Message>();
    for (const { codec } of connections) {
      if (!events.has(codec)) events.set(codec, encode(codec));
    }
    // All wait before the first is asked: one that fails at once is not the last.
    for (const connection of connections) {
      const { id, hasEnded, answersAsks } = connection;
      if (hasEnded) this.#missing.push({ id, code: 'ERR_CONNECTION_ENDED' });
      else if (answersAsks) this.#waiting.add(connection);
      else this.#missing.push({ id, code: 'ERR_ACK_UNSUPPORTED' });
    }
    this.#send(connections, events);
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#timeOut(), timeoutMs);
    else this.#finishIfDone();
  }

  #send(connections: readonly Askable[], events: ReadonlyMap<Codec, Message>): void {
    const asks = new Map<Codec, Message>();
    for (const [codec, event] of events) asks.set(codec, codec.withAsk(event, this.number));
    const asked = new Set(this.#waiting);
    try {
      for (const connection of connections) {
        const { codec } = connection;
        if (asked.has(connection)) connection.sendAsk(asks.get(codec) as Message, this);
        else connection.sendAsk(events.get(codec) as Message);
      }
    } catch (error) {
      for (const connection of asked) connection.forgetAsk(this);
      throw error;
    }
  }

  /** Takes an answer. @param message the encoded answer; only valid during the call */
  answered(connection: Askable, payload: unknown, message: Message): void {
    if (!this.#waiting.delete(connection)) return;
    const { id, codec } = connection;
    const kept = this.#keep === 'payload' ? payload : sentAnswer(codec, message);
    this.#answers.push({ id, payload: kept });
    this.#finishIfDone();
  }

  /** Takes the word that there will be no answer. @param reason the client's own */
  failed(connection: Askable, code: ErrorCode, reason?: string): void {
    if (!this.#waiting.delete(connection)) return;
    const { id } = connection;
    this.#missing.push(reason === undefined ? { id, code } : { id, code, reason });
    this.#finishIfDone();
  }

  #timeOut(): void {
    for (const connection of [...this.#waiting]) {
      connection.forgetAsk(this);
      this.failed(connection, 'ERR_ACK_TIMEOUT');
    }
  }

  #finishIfDone(): void {
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#settle({ answers: this.#answers, missing: this.#missing, silentShards: [] });
  }
}

function sentAnswer({ name }: Codec, message: Message): SentAnswer {
  const kept = typeof message === 'string' ? message : new Uint8Array(message);
  return { codec: name, message: kept };
}

/**
 * The answer of the one connection that was asked.
 * @throws EngineError with the code of the reason why there is none
 */
export async function onlyAnswer(
  result: Promise<AckResult>,
  event: string,
  timeoutMs: number,
): Promise<unknown> {
  const { answers, missing } = await result;
  if (answers[0] !== undefined) return answers[0].payload;
  const { code = 'ERR_CONNECTION_ENDED', reason } = missing[0] ?? {};
  throw new EngineError(code, `no answer to '${event}': ${whyMissing(code, reason, timeoutMs)}`);
}

function whyMissing(code: ErrorCode, reason: string | undefined, timeoutMs: number): string {
  switch (code) {
    case 'ERR_ACK_TIMEOUT':
      return `none came within timeoutMs (${timeoutMs})`;
    case 'ERR_ACK_UNSUPPORTED':
      return 'the other side is not known to answer';
    case 'ERR_ACK_FAILED':
      return `the other side said '${reason}'`;
    default:
      return 'the connection ended';
  }
}
