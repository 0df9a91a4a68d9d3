import type { HandlerLists } from '../app/handler-lists.ts';
import type { Codec, DecodedEvent, Message } from '../codec/codec.ts';

/** What the client of one connection asks its handlers. */
export class IncomingAsks {
  readonly #handlers: HandlerLists;
  readonly #maxPendingAsks: number;
  /** How many the handlers are about to answer. */
  #pending = 0;

  constructor(handlers: HandlerLists, maxPendingAsks: number) {
    this.#handlers = handlers;
    this.#maxPendingAsks = maxPendingAsks;
  }

  /**
   * The answer, or why there is none; at once where no handler has to be asked.
   * @param onThrown gets what a handler threw, and what cannot be encoded
   */
  answer(
    { event, payload }: DecodedEvent,
    ask: number,
    codec: Codec,
    onThrown: (thrown: unknown) => void,
  ): Message | Promise<Message> {
    if (!this.#handlers.hasEvent(event)) return codec.encodeFailure(ask, 'no handler');
    if (this.#pending >= this.#maxPendingAsks) {
      return codec.encodeFailure(ask, 'too many questions');
    }
    return this.#answerOfHandlers(event, payload, ask, codec).catch((thrown) => {
      onThrown(thrown);
      return codec.encodeFailure(ask, 'the handler failed'); // why is not the client's business
    });
  }

  async #answerOfHandlers(
    event: string,
    payload: unknown,
    ask: number,
    codec: Codec,
  ): Promise<Message> {
    this.#pending++;
    try {
      return codec.encodeAnswer(ask, await this.#handlers.answerEvent(event, payload));
    } finally {
      this.#pending--;
    }
  }
}
