import { ackTimeout } from './ack-timeout.ts';
import type { AckResult } from './asks.ts';
import type { Codec, Message } from './codec.ts';
import { EngineError } from './errors.ts';
import { checkEventName, nativeMessage, unencodable } from './event-rules.ts';
import type {
  AnswerOf,
  AnyEvents,
  AskArguments,
  AskName,
  EmitArguments,
  Emitter,
  EventName,
  PayloadOf,
} from './public-types.ts';
import { MAX_NAME_BYTES } from './records.ts';
import { All, NotMe, type Target } from './targets.ts';

/** The number that no connection has: a sender outside any connection, an exception of nobody. */
export const NOBODY = 0;

/** An event to which answers are wanted. */
export interface Question {
  /**
   * Is called at most once for each codec, before {@link ServerScope.ask} returns.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD
   */
  readonly encode: (codec: Codec) => Message;
  readonly timeoutMs: number;
}

/** One server as one thread sees it: what encodes its events and carries them away. */
export interface ServerScope {
  readonly number: number;
  readonly endpoint: string;
  /** What its connections speak; each connection one of them. */
  readonly codecs: readonly Codec[];
  readonly maxRooms: number;
  readonly maxRoomNameBytes: number;
  readonly maxEventNameBytes: number;
  readonly maxPendingAsks: number;
  /**
   * Sends a message to everyone whom the target means.
   * @param sender a connection's number
   * @param encode is called once, at once, for each codec that somebody of them may speak
   */
  publish(target: Target, sender: number, encode: (codec: Codec) => Message): void;
  /** Asks everyone whom the target means. */
  ask(target: Target, sender: number, question: Question): Promise<AckResult>;
  /** Takes what no handler of a connection has taken, for the engine's `error` event. */
  report(error: EngineError): void;
}

/** `to(target)` of a server, or of a connection where there is a sender. */
export class TargetEmitter<Events extends object = AnyEvents> implements Emitter<Events> {
  readonly #scope: ServerScope;
  readonly #target: Target;
  readonly #sender: number;

  constructor(scope: ServerScope, target: Target, sender: number) {
    // An id may be longer than a room's name; but whatever is no target must not mean everyone.
    if (target !== All && target !== NotMe)
      checkRoomName(target, MAX_NAME_BYTES, 'what a name may have');
    this.#scope = scope;
    this.#target = target;
    this.#sender = sender;
  }

  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    let isEncoded = false;
    this.#scope.publish(this.#target, this.#sender, (codec) => {
      isEncoded = true;
      return codec.encode(event, args[0]);
    });
    if (!isEncoded) this.#checkUnsent(event, args[0]);
  }

  emitMessage(data: Message): void {
    let isEncoded = false;
    this.#scope.publish(this.#target, this.#sender, (codec) => {
      isEncoded = true;
      return codec.encodeMessage(data);
    });
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
    const question = { encode, timeoutMs: ackTimeout(options) };
    const asked = this.#scope.ask(this.#target, this.#sender, question);
    if (!isEncoded) this.#checkUnsent(event, payload);
    return (await asked) as AckResult<AnswerOf<Events[Name]>>;
  }

  /**
   * Nobody is there, so that nothing has been encoded: misuse shall not wait until somebody is. What
   * a payload holds is not looked at, since that would cost as much as encoding it.
   */
  #checkUnsent(event: string, payload: unknown): void {
    checkEventName(event, this.#scope.maxEventNameBytes);
    const type = typeof payload;
    if (type === 'function' || type === 'symbol') throw unencodable(`a ${type}`);
  }
}

/**
 * Refuses what cannot be a room's name.
 * @param limit what `maxBytes` is called in the error
 * @throws EngineError ERR_ROOM_NAME
 */
export function checkRoomName(room: string, maxBytes: number, limit = 'maxRoomNameBytes'): void {
  if (typeof room !== 'string' || room === '') {
    const seen = typeof room === 'string' ? "''" : typeof room;
    throw new EngineError('ERR_ROOM_NAME', `a room is named by a non-empty string, not ${seen}`);
  }
  // In UTF-8 it would become another name, which somebody else may have.
  if (!room.isWellFormed()) {
    throw new EngineError('ERR_ROOM_NAME', 'a room name has half of a surrogate pair');
  }
  if (room.length * 3 > maxBytes && Buffer.byteLength(room) > maxBytes) {
    const bytes = Buffer.byteLength(room);
    const message = `a room name of ${bytes} bytes is over ${limit} (${maxBytes})`;
    throw new EngineError('ERR_ROOM_NAME', message);
  }
}
