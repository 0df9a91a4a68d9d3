import type { DecodedAnswer, Message } from '../codec/codec.ts';
import type { Ask, Askable } from './ask.ts';

/** The asks of one connection that await their answers. */
export class SentAsks {
  readonly #connection: Askable;
  readonly #asks = new Map<number, Ask>();

  constructor(connection: Askable) {
    this.#connection = connection;
  }

  get isEmpty(): boolean {
    return this.#asks.size === 0;
  }

  add(ask: Ask): void {
    this.#asks.set(ask.number, ask);
  }

  delete(ask: Ask): void {
    this.#asks.delete(ask.number);
  }

  /**
   * Takes an answer, which may be too late, or to no ask at all.
   * @param message the encoded answer; only valid during the call
   */
  settle({ answerTo, payload, failure }: DecodedAnswer, message: Message): void {
    const ask = this.#asks.get(answerTo);
    if (ask === undefined) return;
    this.#asks.delete(answerTo);
    if (failure === undefined) ask.answered(this.#connection, payload, message);
    else ask.failed(this.#connection, 'ERR_ACK_FAILED', failure);
  }

  /** Fails all asks: the connection has ended. */
  end(): void {
    for (const ask of this.#asks.values()) ask.failed(this.#connection, 'ERR_CONNECTION_ENDED');
    this.#asks.clear();
  }
}
