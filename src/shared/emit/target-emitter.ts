import type { EngineError } from '../api/errors.ts';
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
import type { ShardServerOptions } from '../options/server-options.ts';
import type { Outlet } from './outlet.ts';
import { excepting, type Selection } from './selection.ts';

/** An event to which answers are wanted. */
export interface Question {
  /**
   * Is called at most once for each codec, before {@link ServerScope.ask} returns.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD
   */
  readonly encode: (codec: Codec) => Message;
  readonly timeoutMs: number;
}

/** The options of a server that bound what handlers may ask for. */
type ScopeLimits = Pick<
  ShardServerOptions,
  'maxRooms' | 'maxRoomNameBytes' | 'maxEventNameBytes' | 'maxPendingAsks'
>;

/** One server as one thread sees it: what encodes its events and carries them away. */
export interface ServerScope {
  readonly number: number;
  readonly endpoint: string;
  /** What its connections speak; each connection one of them. */
  readonly codecs: readonly Codec[];
  readonly outlet: Outlet;
  readonly options: ScopeLimits;
  /**
   * Sends a message to everyone who is selected.
   * @param encode is called once, at once, for each codec that somebody of them may speak
   */
  publish(selection: Selection, encode: (codec: Codec) => Message): void;
  /** Asks everyone who is selected. */
  ask(selection: Selection, question: Question): Promise<AckResult>;
  /** Takes what no handler of a connection has taken, for the engine's `error` event. */
  report(error: EngineError): void;
}

/** What sends for an emitter that asks nothing. */
export interface SenderScope extends Pick<ServerScope, 'publish'> {
  readonly options: Pick<ScopeLimits, 'maxEventNameBytes'>;
}

/** What sends and asks for a {@link TargetEmitter}. */
interface EmitterScope extends SenderScope, Pick<ServerScope, 'ask'> {}

/** `to(target)` of a server, or of a connection where there is a sender. */
export class TargetEmitter<Events extends object = AnyEvents> implements Emitter<Events> {
  readonly #scope: EmitterScope;
  readonly #selection: Selection;

  constructor(scope: EmitterScope, selection: Selection) {
    this.#scope = scope;
    this.#selection = selection;
  }

  except(exceptions: string | readonly string[]): Emitter<Events> {
    return new TargetEmitter<Events>(this.#scope, excepting(this.#selection, exceptions));
  }

  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    sendEvent(this.#scope, this.#selection, event, args[0]);
  }

  emitMessage(data: Message): void {
    sendMessage(this.#scope, this.#selection, data);
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
    const question = { encode, timeoutMs: ackTimeout(options) };
    const asked = this.#scope.ask(this.#selection, question);
    if (!isEncoded) checkUnsent(this.#scope, event, payload);
    return (await asked) as AckResult<AnswerOf<Events[Name]>>;
  }
}

/**
 * Sends an event to everyone who is selected.
 * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, ERR_OUTBOX_FULL
 */
export function sendEvent(
  scope: SenderScope,
  selection: Selection,
  event: string,
  payload: unknown,
): void {
  let isEncoded = false;
  scope.publish(selection, (codec) => {
    isEncoded = true;
    return codec.encode(event, payload);
  });
  if (!isEncoded) checkUnsent(scope, event, payload);
}

/**
 * Sends a native message to everyone who is selected.
 * @throws EngineError ERR_PAYLOAD, ERR_OUTBOX_FULL
 */
export function sendMessage(scope: SenderScope, selection: Selection, data: Message): void {
  let isEncoded = false;
  scope.publish(selection, (codec) => {
    isEncoded = true;
    return codec.encodeMessage(data);
  });
  if (!isEncoded) nativeMessage(data);
}

/**
 * Nobody is there, so that nothing has been encoded: misuse shall not wait until somebody is. What
 * a payload holds is not looked at, since that would cost as much as encoding it.
 */
function checkUnsent({ options }: SenderScope, event: string, payload: unknown): void {
  checkEventName(event, options.maxEventNameBytes);
  const type = typeof payload;
  if (type === 'function' || type === 'symbol') throw unencodable(`a ${type}`);
}
