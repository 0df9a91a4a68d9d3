import type { Codec, Message } from './codec.ts';
import { EngineError, type ErrorCode } from './errors.ts';

/** What came back from one connection. */
export interface AckAnswer<Answer = unknown> {
  readonly id: string;
  readonly payload: Answer;
}

/** A connection that did not answer, and why. */
export interface AckMissing {
  readonly id: string;
  /** ERR_ACK_TIMEOUT, ERR_ACK_UNSUPPORTED, ERR_ACK_FAILED or ERR_CONNECTION_ENDED */
  readonly code: ErrorCode;
}

/** What came back from a target. */
export interface AckResult<Answer = unknown> {
  readonly answers: readonly AckAnswer<Answer>[];
  readonly missing: readonly AckMissing[];
  /** Shards that said nothing: they died, or were too busy. Who was asked there is not known. */
  readonly silentShards: readonly number[];
}

/** A connection that can be asked. */
export interface Askable {
  readonly id: string;
  readonly codec: Codec;
  /** Whether its peer is known to answer. */
  readonly answersAsks: boolean;
  /** Whether nothing can be sent to it any more. */
  readonly hasEnded: boolean;
  /** Sends a message to it; where `ask` is given, the answer to that number goes to it. */
  sendAsk(message: Message, ask?: Ask): void;
  forgetAsk(ask: Ask): void;
}

let lastNumber = 0;

/** One question to any number of connections of this thread, and their answers so far. */
export class Ask {
  /** The number that the answers carry. */
  readonly number = ++lastNumber;
  readonly result: Promise<AckResult>;
  readonly #waiting = new Set<Askable>();
  readonly #answers: AckAnswer[] = [];
  readonly #missing: AckMissing[] = [];
  readonly #settle: (result: AckResult) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Asks. Who is known not to answer gets the event as any other, and counts as missing.
   * @param encode is called once for each codec among those who are asked
   * @param timeoutMs how long to wait for answers
   * @throws what `encode` throws, and then nobody has been asked; EngineError ERR_OUTBOX_FULL
   */
  constructor(asked: Iterable<Askable>, encode: (codec: Codec) => Message, timeoutMs: number) {
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
    const questions = new Map<Codec, Message>();
    for (const [codec, event] of events) questions.set(codec, codec.withAsk(event, this.number));
    const asked = new Set(this.#waiting);
    try {
      for (const connection of connections) {
        const { codec } = connection;
        if (asked.has(connection)) connection.sendAsk(questions.get(codec) as Message, this);
        else connection.sendAsk(events.get(codec) as Message);
      }
    } catch (error) {
      for (const connection of asked) connection.forgetAsk(this);
      throw error;
    }
  }

  answered(connection: Askable, payload: unknown): void {
    if (!this.#waiting.delete(connection)) return;
    this.#answers.push({ id: connection.id, payload });
    this.#finishIfDone();
  }

  /** There will be no answer. */
  failed(connection: Askable, code: ErrorCode): void {
    if (!this.#waiting.delete(connection)) return;
    this.#missing.push({ id: connection.id, code });
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

const DEFAULT_TIMEOUT = 10_000;

/**
 * The time to wait for answers.
 * @throws EngineError ERR_OPTION
 */
export function ackTimeout({ timeoutMs = DEFAULT_TIMEOUT }: { timeoutMs?: number } = {}): number {
  if (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs < 2 ** 31) return timeoutMs;
  const message = `timeoutMs: ${timeoutMs} is not a whole number from 1 to ${2 ** 31 - 1}`;
  throw new EngineError('ERR_OPTION', message);
}

const WHY: Partial<Record<ErrorCode, string>> = {
  ERR_ACK_TIMEOUT: 'no answer came in time',
  ERR_ACK_UNSUPPORTED: 'the peer is not known to answer',
  ERR_ACK_FAILED: 'the peer answered that it cannot',
  ERR_CONNECTION_ENDED: 'the connection ended',
};

/**
 * The answer of the one connection that was asked.
 * @throws EngineError with the code of why there is none
 */
export async function onlyAnswer(result: Promise<AckResult>): Promise<unknown> {
  const { answers, missing } = await result;
  if (answers[0] !== undefined) return answers[0].payload;
  const code = missing[0]?.code ?? 'ERR_CONNECTION_ENDED';
  throw new EngineError(code, `no answer: ${WHY[code] ?? code}`);
}
