import { EngineError, handlerError } from '../api/errors.ts';
import type { DisconnectReason, HandlerOptions } from '../api/public-types.ts';
import type { Ask, Askable } from '../ask/ask.ts';
import { IncomingAsks } from '../ask/incoming-asks.ts';
import { SentAsks } from '../ask/sent-asks.ts';
import type { Decoded, DecodedEvent, Message } from '../codec/codec.ts';
import { PROBE } from '../codec/event-rules.ts';
import { type CheckedReceiver, checkEvent } from '../schema/check-event.ts';
import type { Verbs } from '../spread/verbs.ts';
import type { ConnectionLink } from './connection-link.ts';
import { HandlerLists, type Hooks } from './handler-lists.ts';
import { MessageQueue, type QueueOwner } from './message-queue.ts';
import { RunningHandlers } from './running-handlers.ts';

/** The receiving side of a connection: hands all that comes to the handlers, up to its end. */
export class Inbox implements QueueOwner<Decoded>, CheckedReceiver {
  readonly handlers: HandlerLists;
  readonly #connection: Askable;
  readonly #verbs: Verbs;
  readonly #link: ConnectionLink;
  readonly #running: RunningHandlers;
  /** Made when handlers are still at work after their call. */
  #queue: MessageQueue<Decoded> | undefined;
  #sentAsks: SentAsks | undefined;
  #incomingAsks: IncomingAsks | undefined;
  /** Asks of the client whose answers have not been sent. */
  #answering = 0;
  #owesAnswers = false;
  #answersAsks: boolean;
  #hasEnded = false;
  #isDisconnecting = false;
  /** The reason of the end, once the `onDisconnect` handlers have been called. */
  #toldEnd: DisconnectReason | undefined;

  constructor(
    connection: Askable,
    verbs: Verbs,
    link: ConnectionLink,
    running = new RunningHandlers(),
  ) {
    this.#connection = connection;
    this.#verbs = verbs;
    this.#link = link;
    this.#running = running;
    this.#answersAsks = link.answersAsks;
    this.handlers = new HandlerLists(
      (thrown, of) => this.handlerThrew(thrown, of),
      (thrown, of) => verbs.report(this.#handlerError(thrown, of)),
      running,
    );
  }

  /** Whether its client has asked or answered, or has said that it answers. */
  get answersAsks(): boolean {
    return this.#answersAsks;
  }

  /** Notes that its client has said that it answers. */
  expectAnswers(): void {
    this.#answersAsks = true;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the server closes it, or it has ended: nothing changes any more. */
  get isLeaving(): boolean {
    return this.#hasEnded || this.#isDisconnecting;
  }

  /** Whether it has been disconnected, and answers go ahead of its close. */
  get owesAnswers(): boolean {
    return this.#owesAnswers;
  }

  /** Whether the client may have sent an answer behind messages that wait. */
  get awaitsAnswers(): boolean {
    return this.#sentAsks?.isEmpty === false;
  }

  // ── messages ───────────────────────────────────────────────────────────────────────────────

  /** Hands a message of the client to the handlers, or to the ask that it answers. */
  receive(message: Message): void {
    if (this.#isDisconnecting) return; // it was on its way from the shard already
    let decoded: Decoded;
    try {
      decoded = this.#link.codec.decode(message);
    } catch (error) {
      this.clientFailed(error as EngineError);
      return;
    }
    if ('event' in decoded || 'native' in decoded) {
      if (this.#queue?.isFull && !isProbe(decoded)) this.#queue.add(decoded, message.length);
      else this.#begin(decoded);
      return;
    }
    this.#answersAsks = true;
    if (!('answerTo' in decoded)) return;
    this.#sentAsks?.settle(decoded, message);
    this.#queue?.recheck();
  }

  #begin(decoded: Decoded): void {
    const pending = this.handle(decoded);
    if (pending === undefined) return;
    this.#openQueue().started(pending);
  }

  #openQueue(): MessageQueue<Decoded> {
    this.#queue ??= new MessageQueue<Decoded>(this, this.#running.limits.maxConcurrentHandlers);
    return this.#queue;
  }

  /** Hands a message to its handlers. @returns a promise where they are still at work */
  handle(decoded: Decoded): Promise<unknown> | undefined {
    if ('native' in decoded) return this.handlers.callHook('message', decoded.native);
    if (!('event' in decoded)) return undefined;
    const { checks } = this.#verbs;
    return checks === undefined ? this.deliver(decoded) : checkEvent(this, decoded, checks);
  }

  /** Hands an event to its handlers. */
  deliver(decoded: DecodedEvent): Promise<unknown> | undefined {
    if (decoded.ask !== undefined) return this.#answer(decoded, decoded.ask);
    return this.handlers.callEvent(decoded.event, decoded.payload);
  }

  // ── checks by schemas ──────────────────────────────────────────────────────────────────────

  /** Whether what has come reaches no handler any more. */
  get isOver(): boolean {
    return this.#isDisconnecting || this.#toldEnd !== undefined;
  }

  /** Has all that comes wait, until {@link Inbox.resume}. */
  pause(): void {
    this.#openQueue().pause();
    this.#running.begin();
  }

  resume(): void {
    this.#running.end();
    this.#queue?.resume();
  }

  /** Answers an ask of the client: there is no answer. */
  failAsk({ event, ask }: DecodedEvent, reason: string): void {
    if (ask === undefined) return;
    this.#answersAsks = true;
    if (this.#hasEnded || this.#isDisconnecting) return;
    try {
      this.#link.send(this.#link.codec.encodeFailure(ask, reason));
    } catch (thrown) {
      this.handlerThrew(thrown, event); // the outbox is full
    }
  }

  /** Stops reading from the client, or reads on. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#link.hold();
    else this.#link.release();
  }

  async #answer(decoded: DecodedEvent, ask: number): Promise<void> {
    const onThrown = (thrown: unknown) => this.handlerThrew(thrown, decoded.event);
    this.#answersAsks = true;
    this.#answering += 1;
    this.#incomingAsks ??= new IncomingAsks(this.handlers, this.#verbs);
    try {
      const answer = this.#incomingAsks.answer(decoded, ask, this.#link.codec, onThrown);
      const message = answer instanceof Promise ? await answer : answer;
      if (this.#hasEnded && !this.#owesAnswers) return; // nobody to answer
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

  // ── asks of the server ─────────────────────────────────────────────────────────────────────

  sendAsk(message: Message, ask?: Ask): void {
    if (this.#hasEnded) return;
    if (ask !== undefined) {
      this.#sentAsks ??= new SentAsks(this.#connection);
      this.#sentAsks.add(ask);
    }
    this.#link.send(message);
    this.#queue?.recheck();
  }

  forgetAsk(ask: Ask): void {
    this.#sentAsks?.delete(ask);
    this.#queue?.recheck();
  }

  // ── errors ─────────────────────────────────────────────────────────────────────────────────

  /** Tells this connection's handlers alone of an error of its client, which must not fill logs. */
  clientFailed(error: EngineError): void {
    this.handlers.callHook('error', error);
  }

  /** Tells the engine of an error in `onConnection`, for which the client is refused. */
  setupFailed(thrown: unknown): void {
    this.#verbs.report(this.#handlerError(thrown, 'onConnection'));
  }

  /** Tells `onError`, else the engine, of an error in a handler `of` an event or a method. */
  handlerThrew(thrown: unknown, of: string): void {
    this.appThrew(thrown, `a handler of ${of}`);
  }

  /** Tells `onError`, else the engine: `what` threw. */
  appThrew(thrown: unknown, what: string): void {
    const error = handlerError(`${what} on ${this.#verbs.endpoint}`, thrown);
    if (this.handlers.hasHook('error')) this.handlers.callHook('error', error);
    else this.#verbs.report(error);
  }

  #handlerError(thrown: unknown, of: string): EngineError {
    return handlerError(`a handler of ${of} on ${this.#verbs.endpoint}`, thrown);
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────

  /** Tells the handlers of a ping or a pong, and of lost messages, at its end too. */
  tell<Name extends keyof Hooks>(hook: Name, argument: Hooks[Name]): void {
    if (this.#isDisconnecting && hook !== 'backpressure') return;
    this.handlers.callHook(hook, argument);
  }

  /** Closes the connection: what waits of the client reaches no handler. */
  disconnect(code: number, reason: string): void {
    const owesAnswers = this.#answering > 0; // one may be that of the handler that calls this
    this.#link.disconnect(code, reason, owesAnswers);
    this.#owesAnswers = owesAnswers;
    this.#isDisconnecting = true;
    this.#queue?.clear();
  }

  /** Adds an `onDisconnect` handler. One that comes too late is called at once, since it cleans up. */
  addDisconnectHandler(
    handler: (reason: DisconnectReason) => unknown,
    options?: HandlerOptions,
  ): () => void {
    const remove = this.handlers.addHook('disconnect', handler, options);
    const isWanted = options?.signal?.aborted !== true;
    if (this.#toldEnd !== undefined && isWanted) {
      this.handlers.callOnly('disconnect', handler, this.#toldEnd);
    }
    return remove;
  }

  /**
   * Ends the connection, which was in these rooms, and tells its handlers, once: behind all that has
   * come from the client, or after `closeTimeout`.
   */
  end(rooms: readonly string[], reason: DisconnectReason): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sentAsks?.end();
    if (this.#queue === undefined || this.#queue.isIdle) {
      this.#tellEnd(rooms, reason);
      return;
    }
    const hurry = this.#queue.end(this.#running.limits.closeTimeout, (dropped) => {
      if (dropped > 0) this.#tellDropped(dropped);
      this.#tellEnd(rooms, reason);
      this.#running.waited(hurry);
    });
    this.#running.wait(hurry);
  }

  #tellEnd(rooms: readonly string[], reason: DisconnectReason): void {
    for (const room of rooms) this.handlers.callHook('leave', room);
    this.#toldEnd = reason;
    this.handlers.callHook('disconnect', reason);
  }

  #tellDropped(messages: number): void {
    const { closeTimeout } = this.#running.limits;
    const text =
      `${messages} messages of connection ${this.#connection.id} on ${this.#verbs.endpoint} ` +
      `reached no handler: others were at work for closeTimeout (${closeTimeout} ms) after its end`;
    this.#verbs.report(new EngineError('ERR_HANDLER', text));
  }
}

/** Whether a client asks whether the server is there: its answer waits for no handler. */
function isProbe(decoded: Decoded): boolean {
  return 'event' in decoded && decoded.event === PROBE;
}
