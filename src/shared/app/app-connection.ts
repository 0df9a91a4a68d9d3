import type { AsyncResource } from 'node:async_hooks';
import { EngineError, handlerError } from '../api/errors.ts';
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
} from '../api/public-types.ts';
import { checkRoomName } from '../api/room-name.ts';
import type { Targets } from '../api/targets.ts';
import { Ask, onlyAnswer } from '../ask/ask.ts';
import { IncomingAsks } from '../ask/incoming-asks.ts';
import { SentAsks } from '../ask/sent-asks.ts';
import type { Codec, Decoded, DecodedEvent, Message } from '../codec/codec.ts';
import { checkHandledName, PROBE } from '../codec/event-rules.ts';
import { checkClose } from '../codec/frame.ts';
import { ackTimeout } from '../options/ack-timeout.ts';
import type { Member } from '../spread/local.ts';
import { selectionOf } from '../spread/selection.ts';
import type { Verbs } from '../spread/verbs.ts';
import type { ConnectionIdentity, ConnectionLink } from './connection-link.ts';
import { encodeFor } from './encode-event.ts';
import type { Handler } from './handler-calls.ts';
import { HandlerLists, type Hooks } from './handler-lists.ts';
import type { RunningHandlers } from './running-handlers.ts';
import { TargetEmitter } from './target-emitter.ts';

/** The app's view of a connection: the same code on the primary and in the shards. */
export class AppConnection<Events extends object = AnyEvents>
  implements Connection<Events>, Member
{
  readonly server: ServerHandle<Events>;
  readonly #verbs: Verbs;
  readonly #link: ConnectionLink;
  readonly #identity: ConnectionIdentity;
  readonly #handlers: HandlerLists;
  #values: Map<unknown, unknown> | undefined;
  #disconnecting = false;
  #answersAsks: boolean;
  #sentAsks: SentAsks | undefined;
  #incomingAsks: IncomingAsks | undefined;
  /** Asks of the client whose answers have not been sent. */
  #answering = 0;
  #owesAnswers = false;
  #ended = false;

  constructor(
    server: ServerHandle<Events>,
    verbs: Verbs,
    link: ConnectionLink,
    identity: ConnectionIdentity,
    running?: RunningHandlers,
  ) {
    this.server = server;
    this.#verbs = verbs;
    this.#link = link;
    this.#identity = identity;
    this.#answersAsks = link.answersAsks;
    this.#handlers = new HandlerLists(
      (thrown, of) => this.handlerThrew(thrown, of),
      (thrown, of) => verbs.report(handlerError(`a handler of ${of} on ${verbs.endpoint}`, thrown)),
      running,
    );
  }

  /** Calls the `onConnection` handlers, as {@link HandlerLists.begin}; returns their results. */
  connected(handlers: readonly Handler<Connection<Events>>[], context: AsyncResource): unknown[] {
    return this.#handlers.begin(handlers, this, context);
  }

  get number(): number {
    return this.#link.number;
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
    checkHandledName(event, this.#verbs.limits.maxEventNameBytes);
    this.#handlers.addEvent(event, fn as (payload: never) => unknown);
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
    const message = encodeFor(this, event, args[0]);
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
    const ask = new Ask([this], () => encodeFor(this, event, payload), timeoutMs);
    return (await onlyAnswer(ask.result, event, timeoutMs)) as AnswerOf<Events[Name]>;
  }

  to(target: Targets): Emitter<Events> {
    return new TargetEmitter<Events>(this.#verbs, selectionOf(target, this.#link.number));
  }

  join(room: string): void {
    checkRoomName(room, this.#verbs.limits.maxRoomNameBytes);
    if (this.#ended || this.#disconnecting || this.isJoined(room)) return;
    const { maxRooms } = this.#verbs.limits;
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
    return !this.#ended && (room === this.id || this.#link.rooms?.has(room) === true);
  }

  disconnect(code = 1000, reason = ''): void {
    checkClose(code, reason);
    if (this.#ended || this.#disconnecting) return;
    const owesAnswers = this.#answering > 0; // one may be that of the handler that calls this
    this.#link.disconnect(code, reason, owesAnswers);
    this.#owesAnswers = owesAnswers;
    this.#disconnecting = true;
  }

  /** Hands a message of the client to the handlers, or to the ask that it answers. */
  receive(message: Message): void {
    if (this.#disconnecting) return; // it was on its way from the shard already
    let decoded: Decoded;
    try {
      decoded = this.codec.decode(message);
    } catch (error) {
      this.clientFailed(error as EngineError);
      return;
    }
    if ('event' in decoded) {
      if (decoded.ask === undefined) this.#handlers.callEvent(decoded.event, decoded.payload);
      else void this.#answer(decoded, decoded.ask);
    } else if ('native' in decoded) {
      this.#handlers.callHook('message', decoded.native);
    } else {
      this.#answersAsks = true;
      if ('answerTo' in decoded) this.#sentAsks?.settle(decoded, message);
    }
  }

  get codec(): Codec {
    return this.#link.codec;
  }

  /** Whether its client has asked or answered, or has said that it answers. */
  get answersAsks(): boolean {
    return this.#answersAsks;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Whether it has been disconnected, and answers go ahead of its close. */
  get owesAnswers(): boolean {
    return this.#owesAnswers;
  }

  sendAsk(message: Message, ask?: Ask): void {
    if (this.#ended) return;
    if (ask !== undefined) {
      this.#sentAsks ??= new SentAsks(this);
      this.#sentAsks.add(ask);
    }
    this.#link.send(message);
  }

  forgetAsk(ask: Ask): void {
    this.#sentAsks?.delete(ask);
  }

  async #answer(decoded: DecodedEvent, ask: number): Promise<void> {
    const onThrown = (thrown: unknown) => this.handlerThrew(thrown, decoded.event);
    this.#answersAsks = true;
    this.#answering += 1;
    this.#incomingAsks ??= new IncomingAsks(this.#handlers, this.#verbs.limits.maxPendingAsks);
    try {
      const answer = this.#incomingAsks.answer(decoded, ask, this.codec, onThrown);
      const message = answer instanceof Promise ? await answer : answer;
      if (this.#ended && !this.#owesAnswers) return; // nobody to answer
      if (decoded.event === PROBE) this.#link.sendProbeAnswer(message);
      else this.#link.send(message);
    } catch (thrown) {
      onThrown(thrown); // the outbox is full: nobody but the app can be told
    } finally {
      this.#answering -= 1;
      if (this.#owesAnswers && this.#answering === 0) {
        this.#owesAnswers = false;
        this.#link.concluded();
      }
    }
  }

  /** Tells the handlers of a ping or a pong, and of lost messages, at its end too. */
  tell<Name extends keyof Hooks>(hook: Name, argument: Hooks[Name]): void {
    if (this.#disconnecting && hook !== 'backpressure') return;
    this.#handlers.callHook(hook, argument);
  }

  /** Tells this connection's handlers alone of an error of its client, which must not fill logs. */
  clientFailed(error: EngineError): void {
    this.#handlers.callHook('error', error);
  }

  /** Tells `onError`, else the engine, of an error in a handler `of` an event or a method. */
  handlerThrew(thrown: unknown, of: string): void {
    const error = handlerError(`a handler of ${of} on ${this.#verbs.endpoint}`, thrown);
    if (!this.#handlers.callHook('error', error)) this.#verbs.report(error);
  }

  /** Ends the connection, which was in these rooms, and tells its handlers, once. */
  ended(rooms: Iterable<string>, reason: DisconnectReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sentAsks?.end();
    for (const room of [...rooms, this.id]) this.#handlers.callHook('leave', room);
    this.#handlers.callHook('disconnect', reason);
  }
}
