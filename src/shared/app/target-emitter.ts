import type {
  AnyEvents,
  AskArguments,
  AskName,
  CheckedAnswer,
  EmitArguments,
  Emitter,
  EventName,
  PayloadOf,
} from '../api/public-types.ts';
import type { AckResult } from '../ask/ask.ts';
import type { Codec, Encode, Message } from '../codec/codec.ts';
import { checkHandledName, nativeMessage, unencodable } from '../codec/event-rules.ts';
import { ackTimeout } from '../options/ack-timeout.ts';
import { excepting, type Selection } from '../spread/selection.ts';
import type { Verbs } from '../spread/verbs.ts';
import { encodeEvent } from './encode-event.ts';

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
    this.#server.checks?.sent(event, args[0]);
    const isEncoded = this.#publish((codec) => this.#encode(codec, event, args[0]));
    if (!isEncoded) this.#checkUnsent(event, args[0]);
  }

  emitMessage(data: Message): void {
    const isEncoded = this.#publish((codec) => codec.encodeMessage(data));
    if (!isEncoded) nativeMessage(data);
  }

  async emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...[payload, options]: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<AckResult<CheckedAnswer<Events[Name]>>> {
    const { checks } = this.#server;
    checks?.sent(event, payload);
    let isEncoded = false;
    const encode = (codec: Codec) => {
      isEncoded = true;
      return this.#encode(codec, event, payload);
    };
    const asked = this.#server.ask(this.#selection, encode, ackTimeout(options), event);
    if (!isEncoded) this.#checkUnsent(event, payload);
    const result = checks === undefined ? asked : checks.answers(event, await asked);
    return (await result) as AckResult<CheckedAnswer<Events[Name]>>;
  }

  #encode(codec: Codec, event: string, payload: unknown): Message {
    const receivers = () => `${describe(this.#selection)} of ${this.#server.endpoint}`;
    return encodeEvent(codec, event, payload, receivers);
  }

  /** Publishes; returns whether the message has been encoded: it is not where nobody is there. */
  #publish(encode: Encode): boolean {
    let isEncoded = false;
    this.#server.publish(this.#selection, (codec) => {
      isEncoded = true;
      return encode(codec);
    });
    return isEncoded;
  }

  /**
   * Checks an event that nobody was there for, so that misuse shows at once. Values in a payload
   * are not checked: that would cost as much as to encode it.
   */
  #checkUnsent(event: string, payload: unknown): void {
    checkHandledName(event, this.#server.limits.maxEventNameBytes);
    const type = typeof payload;
    if (type === 'function' || type === 'symbol') throw unencodable(`a ${type}`);
  }
}

/** The receivers of a selection, as an error names them: the first three of several. */
function describe({ room, several }: Selection): string {
  const { rooms } = several ?? { rooms: [room] };
  if (rooms.includes('')) return 'all';
  const named = rooms.slice(0, 3).map((name) => `'${name}'`);
  return [...named, ...(rooms.length > 3 ? ['…'] : [])].join(', ');
}
