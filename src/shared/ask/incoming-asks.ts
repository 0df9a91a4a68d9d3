import { payloadError } from '../app/encode-event.ts';
import type { HandlerLists } from '../app/handler-lists.ts';
import type { Codec, DecodedEvent, Message } from '../codec/codec.ts';
import { PROBE } from '../codec/event-rules.ts';
import type { EventChecks } from '../schema/event-checks.ts';

/** A server as the asks of its clients need it. */
interface ServerOfAsks {
  readonly limits: { readonly maxPendingAsks: number };
  readonly checks?: EventChecks | undefined;
}

/** The asks of the client of one connection, for its handlers. */
export class IncomingAsks {
  readonly #handlers: HandlerLists;
  readonly #maxPendingAsks: number;
  readonly #checks: EventChecks | undefined;
  /** Asks that the handlers are about to answer. */
  #pending = 0;

  constructor(handlers: HandlerLists, { limits, checks }: ServerOfAsks) {
    this.#handlers = handlers;
    this.#checks = checks;
    this.#maxPendingAsks = limits.maxPendingAsks;
  }

  /**
   * The encoded answer, or the failure to answer. It is no promise where no handler is called.
   * @param onThrown gets the error of a handler, or of an answer that cannot be encoded
   */
  answer(
    { event, payload }: DecodedEvent,
    ask: number,
    codec: Codec,
    onThrown: (thrown: unknown) => void,
  ): Message | Promise<Message> {
    if (!this.#handlers.hasEvent(event)) {
      if (event !== PROBE) this.#handlers.callListeners(event, payload);
      return codec.encodeFailure(ask, 'no handler');
    }
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
      const answer = await this.#handlers.answerEvent(event, payload);
      if (this.#checks?.isOutgoing) await this.#checks.sentAnswer(event, answer);
      try {
        return codec.encodeAnswer(ask, answer);
      } catch (error) {
        throw payloadError(error, `the answer to '${event}'`, codec);
      }
    } finally {
      this.#pending--;
    }
  }
}
