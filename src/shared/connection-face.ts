import { Ask, type Askable, ackTimeout, onlyAnswer } from './asks.ts';
import type { Codec, Decoded, DecodedAnswer, Message } from './codec.ts';
import { checkRoomName, type ServerScope, TargetEmitter } from './emitter.ts';
import { EngineError, handlerError } from './errors.ts';
import { checkHandledName } from './event-rules.ts';
import { checkClose } from './frame.ts';
import { HandlerLists, type Hooks } from './handler-lists.ts';
import type {
  AnswerOf,
  AnyEvents,
  AskArguments,
  AskName,
  Backpressure,
  Connection,
  ConnectionRequest,
  DisconnectReason,
  EmitArguments,
  Emitter,
  EntryHandler,
  EventHandler,
  EventName,
  PayloadOf,
  ServerHandle,
} from './public-types.ts';
import type { Target } from './targets.ts';

const A_HANDLER = 'a handler';

/** How a connection's face reaches the socket behind it: at hand in a shard, else by records. */
export interface ConnectionLink {
  readonly number: number;
  readonly shard: number;
  /** The rooms it has joined; undefined: none so far. */
  readonly rooms: ReadonlySet<string> | undefined;
  readonly codec: Codec;
  /** Whether the peer said in its handshake that it answers asks. */
  readonly answersAsks: boolean;
  send(message: Message): void;
  join(room: string): void;
  leave(room: string): void;
  disconnect(code: number, reason: string): void;
}

/** What a connection begins with. */
export interface ConnectionIdentity {
  readonly id: string;
  readonly request: ConnectionRequest;
  readonly data: unknown;
}

/** The app's view of a connection: the same code on the primary and in the shards. */
export class ConnectionFace<Events extends object = AnyEvents>
  implements Connection<Events>, Askable
{
  readonly server: ServerHandle<Events>;
  readonly #scope: ServerScope;
  readonly #link: ConnectionLink;
  readonly #identity: ConnectionIdentity;
  readonly #handlers: HandlerLists;
  #values: Map<unknown, unknown> | undefined;
  #disconnecting = false;
  #answersAsks: boolean;
  #asks: Map<number, Ask> | undefined;
  #ended = false;

  constructor(
    server: ServerHandle<Events>,
    scope: ServerScope,
    link: ConnectionLink,
    identity: ConnectionIdentity,
  ) {
    this.server = server;
    this.#scope = scope;
    this.#link = link;
    this.#identity = identity;
    this.#answersAsks = link.answersAsks;
    this.#handlers = new HandlerLists(
      (thrown) => this.handlerThrew(thrown),
      (thrown) => scope.report(handlerError(A_HANDLER, thrown)),
    );
  }

  get id(): string {
    return this.#identity.id;
  }

  get request(): ConnectionRequest {
    return this.#identity.request;
  }

  get data(): unknown {
    return this.#identity.data;
  }

  get shard(): number {
    return this.#link.shard;
  }

  get values(): Map<unknown, unknown> {
    this.#values ??= new Map();
    return this.#values;
  }

  get rooms(): ReadonlySet<string> {
    return new Set(this.#ended ? [] : [this.id, ...(this.#link.rooms ?? [])]);
  }

  on<Name extends EventName<Events>>(event: Name, fn: EntryHandler<Events[Name]>): void {
    checkHandledName(event, this.#scope.maxEventNameBytes);
    this.#handlers.addEvent(event, fn);
  }

  onMessage(fn: EventHandler<Message>): void {
    this.#handlers.addHook('message', fn);
  }

  onDisconnect(fn: EventHandler<DisconnectReason>): void {
    this.#handlers.addHook('disconnect', fn);
  }

  onError(fn: EventHandler<EngineError>): void {
    this.#handlers.addHook('error', fn);
  }

  onBackpressure(fn: EventHandler<Backpressure>): void {
    this.#handlers.addHook('backpressure', fn);
  }

  onPing(fn: EventHandler<Uint8Array>): void {
    this.#handlers.addHook('ping', fn);
  }

  onPong(fn: EventHandler<Uint8Array>): void {
    this.#handlers.addHook('pong', fn);
  }

  onLeave(fn: EventHandler<string>): void {
    this.#handlers.addHook('leave', fn);
  }

  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    const message = this.#link.codec.encode(event, args[0]);
    if (!this.#ended) this.#link.send(message);
  }

  emitMessage(data: Message): void {
    const message = this.#link.codec.encodeMessage(data);
    if (!this.#ended) this.#link.send(message);
  }

  async emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...[payload, options]: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<AnswerOf<Events[Name]>> {
    const timeoutMs = ackTimeout(options);
    const ask = new Ask([this], (codec) => codec.encode(event, payload), timeoutMs);
    return (await onlyAnswer(ask.result)) as AnswerOf<Events[Name]>;
  }

  to(target: Target): Emitter<Events> {
    return new TargetEmitter<Events>(this.#scope, target, this.#link.number);
  }

  join(room: string): void {
    checkRoomName(room, this.#scope.maxRoomNameBytes);
    if (this.#ended || this.isJoined(room)) return;
    const { maxRooms } = this.#scope;
    if ((this.#link.rooms?.size ?? 0) >= maxRooms) {
      const message = `connection ${this.id} is in maxRooms (${maxRooms}) rooms already`;
      throw new EngineError('ERR_ROOM_LIMIT', message);
    }
    this.#link.join(room);
  }

  leave(room: string): boolean {
    if (this.#ended || this.#link.rooms?.has(room) !== true) return false;
    this.#link.leave(room);
    this.#handlers.callHook('leave', room);
    return true;
  }

  isJoined(room: string): boolean {
    if (this.#ended) return false;
    return room === this.id || this.#link.rooms?.has(room) === true;
  }

  disconnect(code = 1000, reason = ''): void {
    checkClose(code, reason);
    if (this.#ended) return;
    this.#link.disconnect(code, reason);
    this.#disconnecting = true;
  }

  /** Hands a message of the peer to the handlers, or to those who wait for its answer. */
  receive(message: Message): void {
    if (this.#disconnecting) return; // it was on its way from the shard already
    let decoded: Decoded;
    try {
      decoded = this.codec.decode(message);
    } catch (error) {
      this.peerFailed(error as EngineError);
      return;
    }
    if ('event' in decoded) {
      if (decoded.ask === undefined) this.#handlers.callEvent(decoded.event, decoded.payload);
      else this.#answer(decoded.event, decoded.payload, decoded.ask).catch(this.#onAnswerLost);
    } else if ('native' in decoded) {
      this.#handlers.callHook('message', decoded.native);
    } else {
      this.#answersAsks = true;
      if ('answerTo' in decoded) this.#answered(decoded);
    }
  }

  get codec(): Codec {
    return this.#link.codec;
  }

  /** Whether its peer has asked, answered, or said that it does. */
  get answersAsks(): boolean {
    return this.#answersAsks;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  sendAsk(message: Message, ask?: Ask): void {
    if (this.#ended) return;
    if (ask !== undefined) {
      this.#asks ??= new Map();
      this.#asks.set(ask.number, ask);
    }
    this.#link.send(message);
  }

  forgetAsk(ask: Ask): void {
    this.#asks?.delete(ask.number);
  }

  /** The outbox is full: nothing but the app can be told. */
  readonly #onAnswerLost = (thrown: unknown): void => this.handlerThrew(thrown);

  async #answer(event: string, payload: unknown, ask: number): Promise<void> {
    this.#answersAsks = true;
    let answer: Message;
    try {
      answer = this.#handlers.hasEvent(event)
        ? this.codec.encodeAnswer(ask, await this.#handlers.answerEvent(event, payload))
        : this.codec.encodeFailure(ask, 'no handler');
    } catch (thrown) {
      this.handlerThrew(thrown);
      answer = this.codec.encodeFailure(ask, 'the handler failed'); // why is not the peer's business
    }
    if (!this.#ended) this.#link.send(answer);
  }

  #answered({ answerTo, payload, failure }: DecodedAnswer): void {
    const ask = this.#asks?.get(answerTo);
    if (ask === undefined) return; // it came too late, or nobody had asked
    this.#asks?.delete(answerTo);
    if (failure === undefined) ask.answered(this, payload);
    else ask.failed(this, 'ERR_ACK_FAILED');
  }

  /** Tells the handlers of a ping or a pong, and of what it has lost, at its end too. */
  tell<Name extends keyof Hooks>(hook: Name, argument: Hooks[Name]): void {
    if (this.#disconnecting && hook !== 'backpressure') return;
    this.#handlers.callHook(hook, argument);
  }

  /** The peer did wrong: that is for this connection's handlers alone, or peers could fill logs. */
  peerFailed(error: EngineError): void {
    this.#handlers.callHook('error', error);
  }

  /** A handler did wrong: for this connection's `onError`, else for the engine. */
  handlerThrew(thrown: unknown): void {
    const error = handlerError(A_HANDLER, thrown);
    if (!this.#handlers.callHook('error', error)) this.#scope.report(error);
  }

  /** The connection has ended, having been in these rooms: says so, once. */
  ended(rooms: Iterable<string>, reason: DisconnectReason): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const ask of this.#asks?.values() ?? []) ask.failed(this, 'ERR_CONNECTION_ENDED');
    this.#asks = undefined;
    for (const room of rooms) this.#handlers.callHook('leave', room);
    this.#handlers.callHook('leave', this.id);
    this.#handlers.callHook('disconnect', reason);
  }
}
