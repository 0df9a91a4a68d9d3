import type {
  AnswerOf,
  AnyEvents,
  AskArguments,
  AskName,
  EmitArguments,
  Emitter,
  EventName,
  PayloadOf,
} from '../api/public-types.ts';
import type { AckResult } from '../ask/ask.ts';
import type { Codec, Message } from '../codec/codec.ts';
import { checkEventName, nativeMessage, unencodable } from '../codec/event-rules.ts';
import { ackTimeout } from '../options/ack-timeout.ts';
import { excepting, type Selection } from '../spread/selection.ts';
import type { Encode, Verbs } from '../spread/verbs.ts';

/** `to(target)` of a server, or of a connection where there is a sender. */
export class TargetEmitter<Events extends object = AnyEvents> implements Emitter<Events> {
  readonly #server: Verbs;
  readonly #selection: Selection;

  constructor(server: Verbs, selection: Selection) {
    this.#server = server;
    this.#selection = selection;
  }

  except(exceptions: string | readonly string[]): Emitter<Events> {
    return new TargetEmitter<Events>(this.#server, excepting(this.#selection, exceptions));
  }

  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    const isEncoded = this.#publish((codec) => codec.encode(event, args[0]));
    if (!isEncoded) this.#checkUnsent(event, args[0]);
  }

  emitMessage(data: Message): void {
    const isEncoded = this.#publish((codec) => codec.encodeMessage(data));
    if (!isEncoded) nativeMessage(data);
  }

  async emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...[payload, options]: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<AckResult<AnswerOf<Events[Name]>>> {
    let isEncoded = false;
    const encode = (codec: Codec) => {
      isEncoded = true;
      return codec.encode(event, payload);
    };
    const asked = this.#server.ask(this.#selection, encode, ackTimeout(options));
    if (!isEncoded) this.#checkUnsent(event, payload);
    return (await asked) as AckResult<AnswerOf<Events[Name]>>;
  }

  /** Whether the message has been encoded, which it is not where nobody is there. */
  #publish(encode: Encode): boolean {
    let isEncoded = false;
    this.#server.publish(this.#selection, (codec) => {
      isEncoded = true;
      return encode(codec);
    });
    return isEncoded;
  }

  /**
   * Nobody is there, so that nothing has been encoded: misuse shall not wait until somebody is. The
   * values in a payload are not looked at, since that would cost as much as encoding it.
   */
  #checkUnsent(event: string, payload: unknown): void {
    checkEventName(event, this.#server.limits.maxEventNameBytes);
    const type = typeof payload;
    if (type === 'function' || type === 'symbol') throw unencodable(`a ${type}`);
  }
}
