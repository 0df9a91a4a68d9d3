import { AsyncResource } from 'node:async_hooks';
import type { EngineError } from '../api/errors.ts';
import type { Backpressure, DisconnectReason, HandlerOptions } from '../api/public-types.ts';
import type { Message } from '../codec/codec.ts';
import {
  callHandler,
  firstAnswer,
  type Handler as HandlerOf,
  isThenable,
  type OnThrown,
} from './handler-calls.ts';
import { listen, listenOnce, unlisten } from './listening.ts';
import { RunningHandlers } from './running-handlers.ts';

/** The handlers of a connection, events aside, and their arguments. */
export interface Hooks {
  message: Message;
  disconnect: DisconnectReason;
  error: EngineError;
  ping: Uint8Array;
  pong: Uint8Array;
  leave: string;
  backpressure: Backpressure;
  /** The new result of `authorize`. */
  dataChange: unknown;
  /** Every event, ahead of its own handlers. */
  any: ReceivedEvent;
  /** Events that no handler is for. */
  unhandled: ReceivedEvent;
}

/** The name and the payload of an event. */
export type ReceivedEvent = readonly [event: string, payload: unknown];

type Handler = HandlerOf<never>;

const METHODS: Readonly<Record<keyof Hooks, string>> = {
  message: 'onMessage',
  disconnect: 'onDisconnect',
  error: 'onError',
  ping: 'onPing',
  pong: 'onPong',
  leave: 'onLeave',
  backpressure: 'onBackpressure',
  dataChange: 'onDataChange',
  any: 'onAny',
  unhandled: 'onUnhandled',
};

/**
 * The handlers of one connection. Lists are made as they are needed: most connections of a busy
 * server have one or two handlers, and an idle connection should cost little.
 *
 * All of them run in the asynchronous context of the connection. Events of others may bring them
 * about: the `AsyncLocalStorage` of those is not that of this connection.
 */
export class HandlerLists {
  readonly #onThrown: OnThrown;
  readonly #onLost: OnThrown;
  readonly #running: RunningHandlers;
  #context: AsyncResource | undefined;
  #events: Map<string, Handler[]> | undefined;
  #hooks: Map<keyof Hooks, Handler[]> | undefined;

  /**
   * @param onThrown gets the errors of handlers, of their promises too
   * @param onLost gets those of error handlers: to tell the error handlers again would not end
   * @param running counts handlers whose promises are pending
   */
  constructor(onThrown: OnThrown, onLost: OnThrown, running = new RunningHandlers()) {
    this.#onThrown = onThrown;
    this.#onLost = onLost;
    this.#running = running;
  }

  /** Adds a handler of an event, as {@link listen}. */
  addEvent(event: string, handler: Handler, options?: HandlerOptions): () => void {
    this.#events ??= new Map();
    return listen(this.#events, event, handler, options);
  }

  /** Adds a handler for one event of the name, as {@link listenOnce}. */
  addOnce(event: string, handler: Handler, options?: HandlerOptions): () => void {
    this.#events ??= new Map();
    return listenOnce(this.#events, event, handler, options);
  }

  /** Takes a handler of an event away. */
  removeEvent(event: string, handler: Handler): void {
    if (this.#events !== undefined) unlisten(this.#events, event, handler);
  }

  /** Adds a handler of a hook, as {@link listen}. */
  addHook(hook: keyof Hooks, handler: Handler, options?: HandlerOptions): () => void {
    this.#hooks ??= new Map();
    return listen(this.#hooks, hook, handler, options);
  }

  /**
   * Calls the `onConnection` handlers in the asynchronous context of their thread. The context that
   * they leave behind is that of the connection, so `AsyncLocalStorage.enterWith` holds for it.
   * @param isRefusal whether something thrown refuses the connection
   * @returns a promise where they take their time, or one refuses; it rejects with the refusal, or
   *   with the first rejection. Others have gone to `onThrown`
   */
  begin<Argument>(
    handlers: readonly HandlerOf<Argument>[],
    connection: Argument,
    threadContext: AsyncResource,
    isRefusal: (thrown: unknown) => boolean,
  ): Promise<void> | undefined {
    this.#context = threadContext; // for handlers that these bring about
    return threadContext.runInAsyncScope(() => {
      const pending: PromiseLike<unknown>[] = [];
      for (const handler of handlers) {
        try {
          const result = handler(connection);
          if (isThenable(result)) pending.push(result);
        } catch (thrown) {
          if (isRefusal(thrown)) pending.push(Promise.reject(thrown));
          else this.#onThrown(thrown, 'onConnection');
        }
      }
      this.#context = new AsyncResource('fanring.Connection');
      if (pending.length === 0) return undefined;
      const done = this.#allSettled(pending);
      this.#running.add(done);
      return done;
    });
  }

  /** Rejects as the first that does; tells `onThrown` of further ones. */
  async #allSettled(pending: readonly PromiseLike<unknown>[]): Promise<void> {
    const results = await Promise.allSettled(pending);
    const [failure, ...others] = results.filter((result) => result.status === 'rejected');
    for (const { reason } of others) this.#onThrown(reason, 'onConnection');
    if (failure) throw failure.reason;
  }

  /** Calls the handlers of an event. @returns a promise where some are still at work */
  callEvent(event: string, payload: unknown): Promise<unknown> | undefined {
    const listening = this.callListeners(event, payload);
    const handlers = this.#events?.get(event);
    if (handlers === undefined) return listening;
    const pending = this.#call(handlers, payload, event, this.#onThrown);
    return both(listening, pending);
  }

  /** Tells those who listen for all events, or for those that nobody handles. */
  callListeners(event: string, payload: unknown): Promise<unknown> | undefined {
    if (!this.hasHook('any') && !this.hasHook('unhandled')) return undefined;
    const received = [event, payload] as const;
    const any = this.callHook('any', received);
    return this.hasEvent(event) ? any : both(any, this.callHook('unhandled', received));
  }

  /** Calls the handlers of an event whose sender wants an answer, as {@link firstAnswer}. */
  async answerEvent(event: string, payload: unknown): Promise<unknown> {
    const answer = () =>
      firstAnswer(this.#events?.get(event) ?? [], payload as never, event, this.#onThrown);
    this.#running.begin();
    try {
      const listening = this.callListeners(event, payload);
      const context = this.#context;
      const result = await (context === undefined ? answer() : context.runInAsyncScope(answer));
      await listening;
      return result;
    } finally {
      this.#running.end();
    }
  }

  hasEvent(event: string): boolean {
    return this.#events?.has(event) === true;
  }

  hasHook(hook: keyof Hooks): boolean {
    return this.#hooks?.has(hook) === true;
  }

  /** Calls the handlers of a hook. @returns a promise where some are still at work */
  callHook<Name extends keyof Hooks>(
    hook: Name,
    argument: Hooks[Name],
  ): Promise<unknown> | undefined {
    const handlers = this.#hooks?.get(hook);
    if (handlers === undefined) return undefined;
    const onThrown = hook === 'error' ? this.#onLost : this.#onThrown;
    return this.#call(handlers, argument, METHODS[hook], onThrown);
  }

  /** Calls one handler of a hook alone. */
  callOnly<Name extends keyof Hooks>(
    hook: Name,
    handler: HandlerOf<Hooks[Name]>,
    argument: Hooks[Name],
  ): void {
    this.#call([handler as Handler], argument, METHODS[hook], this.#onThrown);
  }

  #call(
    handlers: readonly Handler[],
    argument: unknown,
    of: string,
    onThrown: OnThrown,
  ): Promise<unknown> | undefined {
    const context = this.#context;
    if (context === undefined) return this.#callAll(handlers, argument, of, onThrown);
    return context.runInAsyncScope(this.#callAll, this, handlers, argument, of, onThrown);
  }

  #callAll(
    handlers: readonly Handler[],
    argument: unknown,
    of: string,
    onThrown: OnThrown,
  ): Promise<unknown> | undefined {
    let pending: Promise<unknown> | undefined;
    for (const handler of handlers) {
      const result = callHandler(handler, argument as never, of, onThrown);
      if (!(result instanceof Promise)) continue;
      this.#running.add(result);
      pending = both(pending, result);
    }
    return pending;
  }
}

/** A promise that settles when both have; undefined where neither is there. */
function both(
  first: Promise<unknown> | undefined,
  second: Promise<unknown> | undefined,
): Promise<unknown> | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return Promise.allSettled([first, second]);
}
