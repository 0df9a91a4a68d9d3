import type { AsyncResource } from 'node:async_hooks';
import { EngineError } from '../api/errors.ts';
import type {
  AnyEventHandler,
  AnyEvents,
  AskArguments,
  AskName,
  Backpressure,
  CheckedAnswer,
  CheckedHandler,
  Connection,
  ConnectionRequest,
  DisconnectReason,
  EmitArguments,
  Emitter,
  EventHandler,
  EventName,
  HandlerOptions,
  PayloadOf,
  ServerHandle,
} from '../api/public-types.ts';
import { refusalOf } from '../api/refusal.ts';
import { checkRoomName } from '../api/room-name.ts';
import type { Targets } from '../api/targets.ts';
import { Ask, onlyAnswer } from '../ask/ask.ts';
import type { Codec, Message } from '../codec/codec.ts';
import { checkHandledName } from '../codec/event-rules.ts';
import { checkClose } from '../codec/frame.ts';
import type { Expiries, Expiry } from '../expiry/expiries.ts';
import { TokenHolder } from '../expiry/token-holder.ts';
import { ackTimeout } from '../options/ack-timeout.ts';
import { isFunction, optionError } from '../options/option-rules.ts';
import type { Member } from '../spread/local.ts';
import { selectionOf } from '../spread/selection.ts';
import type { Verbs } from '../spread/verbs.ts';
import type { ConnectionIdentity, ConnectionLink } from './connection-link.ts';
import { encodeFor } from './encode-event.ts';
import type { Handler } from './handler-calls.ts';
import type { Hooks, ReceivedEvent } from './handler-lists.ts';
import { Inbox } from './inbox.ts';
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
  readonly #inbox: Inbox;
  #values: Map<unknown, unknown> | undefined;

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
    this.#inbox = new Inbox(this, verbs, link, running);
  }

  /**
   * Calls the `onConnection` handlers, as {@link HandlerLists.begin}.
   * @returns a promise where they take their time; it rejects with the refusal of the upgrade
   */
  connected(
    handlers: readonly Handler<Connection<Events>>[],
    context: AsyncResource,
  ): Promise<void> | undefined {
    const isRefusal = (thrown: unknown) => refusalOf(thrown) !== undefined;
    return this.#inbox.handlers.begin(handlers, this, context, isRefusal);
  }

  /** Lets it stay until a time, or longer where its client sends new tokens. */
  expires(expiries: Pick<Expiries, 'watch'>, expiry: Expiry): void {
    expiries.watch(new TokenHolder(this, this.#inbox, this.#link, this.#identity), expiry);
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
    return new Set(this.hasEnded ? [] : [this.id, ...(this.#link.rooms ?? [])]);
  }

  on<Name extends EventName<Events>>(
    event: Name,
    fn: CheckedHandler<Events[Name]>,
    options?: HandlerOptions,
  ): () => void {
    checkHandledName(event, this.#verbs.limits.maxEventNameBytes);
    return this.#inbox.handlers.addEvent(event, fn as Handler<never>, options);
  }

  once<Name extends EventName<Events>>(
    event: Name,
    fn: CheckedHandler<Events[Name]>,
    options?: HandlerOptions,
  ): () => void {
    checkHandledName(event, this.#verbs.limits.maxEventNameBytes);
    return this.#inbox.handlers.addOnce(event, fn as Handler<never>, options);
  }

  off<Name extends EventName<Events>>(event: Name, fn: CheckedHandler<Events[Name]>): void {
    this.#inbox.handlers.removeEvent(event, fn as Handler<never>);
  }

  onAny(fn: AnyEventHandler<Events>, options?: HandlerOptions): () => void {
    return this.#onEvents('any', fn as (event: string, payload: unknown) => unknown, options);
  }

  onUnhandled(
    fn: (event: string, payload: unknown) => unknown,
    options?: HandlerOptions,
  ): () => void {
    return this.#onEvents('unhandled', fn, options);
  }

  #onEvents(
    hook: 'any' | 'unhandled',
    fn: (event: string, payload: unknown) => unknown,
    options?: HandlerOptions,
  ): () => void {
    if (!isFunction(fn)) throw optionError('a handler', fn, 'a function');
    const handler = ([event, payload]: ReceivedEvent) => fn(event, payload);
    return this.#inbox.handlers.addHook(hook, handler, options);
  }

  onDisconnect(fn: EventHandler<DisconnectReason>, options?: HandlerOptions): () => void {
    return this.#inbox.addDisconnectHandler(fn, options);
  }

  onMessage(fn: EventHandler<Message>, options?: HandlerOptions): () => void {
    return this.#inbox.handlers.addHook('message', fn, options);
  }

  onError(fn: EventHandler<EngineError>, options?: HandlerOptions): () => void {
    return this.#inbox.handlers.addHook('error', fn, options);
  }

  onBackpressure(fn: EventHandler<Backpressure>, options?: HandlerOptions): () => void {
    return this.#inbox.handlers.addHook('backpressure', fn, options);
  }

  onPing(fn: EventHandler<Uint8Array>, options?: HandlerOptions): () => void {
    return this.#inbox.handlers.addHook('ping', fn, options);
  }

  onPong(fn: EventHandler<Uint8Array>, options?: HandlerOptions): () => void {
    return this.#inbox.handlers.addHook('pong', fn, options);
  }

  onLeave(fn: EventHandler<string>, options?: HandlerOptions): () => void {
    return this.#inbox.handlers.addHook('leave', fn, options);
  }

  onDataChange(fn: EventHandler<unknown>, options?: HandlerOptions): () => void {
    return this.#inbox.handlers.addHook('dataChange', fn, options);
  }

  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    this.#verbs.checks?.sent(event, args[0]);
    const message = encodeFor(this, event, args[0]);
    if (!this.hasEnded) this.#link.send(message);
  }

  emitMessage(data: Message): void {
    const message = this.#link.codec.encodeMessage(data);
    if (!this.hasEnded) this.#link.send(message);
  }

  async emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...[payload, options]: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<CheckedAnswer<Events[Name]>> {
    const timeoutMs = ackTimeout(options);
    const { checks } = this.#verbs;
    checks?.sent(event, payload);
    const ask = new Ask([this], () => encodeFor(this, event, payload), timeoutMs);
    const answer = await onlyAnswer(ask.result, event, timeoutMs);
    const checked = checks === undefined ? answer : await checks.answer(event, answer);
    return checked as CheckedAnswer<Events[Name]>;
  }

  to(target: Targets): Emitter<Events> {
    return new TargetEmitter<Events>(this.#verbs, selectionOf(target, this.#link.number));
  }

  join(room: string): void {
    checkRoomName(room, this.#verbs.limits.maxRoomNameBytes);
    if (this.#inbox.isLeaving || this.isJoined(room)) return;
    const { maxRooms } = this.#verbs.limits;
    if ((this.#link.rooms?.size ?? 0) >= maxRooms) {
      const message = `connection ${this.id} is in maxRooms (${maxRooms}) rooms already`;
      throw new EngineError('ERR_ROOM_LIMIT', message);
    }
    this.#link.join(room);
  }

  leave(room: string): boolean {
    if (this.hasEnded || this.#link.rooms?.has(room) !== true) return false;
    this.#link.leave(room);
    this.#inbox.handlers.callHook('leave', room);
    return true;
  }

  isJoined(room: string): boolean {
    return !this.hasEnded && (room === this.id || this.#link.rooms?.has(room) === true);
  }

  disconnect(code = 1000, reason = ''): void {
    checkClose(code, reason);
    if (!this.#inbox.isLeaving) this.#inbox.disconnect(code, reason);
  }

  get codec(): Codec {
    return this.#link.codec;
  }

  /** Whether its client has asked or answered, or has said that it answers. */
  get answersAsks(): boolean {
    return this.#inbox.answersAsks;
  }

  get hasEnded(): boolean {
    return this.#inbox.hasEnded;
  }

  /** Whether it has been disconnected, and answers go ahead of its close. */
  get owesAnswers(): boolean {
    return this.#inbox.owesAnswers;
  }

  sendAsk(message: Message, ask?: Ask): void {
    this.#inbox.sendAsk(message, ask);
  }

  forgetAsk(ask: Ask): void {
    this.#inbox.forgetAsk(ask);
  }

  /** Hands a message of the client to the handlers, or to the ask that it answers. */
  receive(message: Message): void {
    this.#inbox.receive(message);
  }

  /** Tells the handlers of a ping or a pong, and of lost messages, at its end too. */
  tell<Name extends keyof Hooks>(hook: Name, argument: Hooks[Name]): void {
    this.#inbox.tell(hook, argument);
  }

  /** Tells this connection's handlers alone of an error of its client, which must not fill logs. */
  clientFailed(error: EngineError): void {
    this.#inbox.clientFailed(error);
  }

  /** Tells the engine of an error in `onConnection`, for which the client is refused. */
  setupFailed(thrown: unknown): void {
    this.#inbox.setupFailed(thrown);
  }

  /** Tells `onError`, else the engine, of an error in a handler `of` an event or a method. */
  handlerThrew(thrown: unknown, of: string): void {
    this.#inbox.handlerThrew(thrown, of);
  }

  /** Ends the connection, which was in these rooms, as {@link Inbox.end}. */
  ended(rooms: Iterable<string>, reason: DisconnectReason): void {
    this.#inbox.end([...rooms, this.id], reason);
  }
}
