import { AsyncResource } from 'node:async_hooks';
import type { EngineError } from '../api/errors.ts';
import type { Backpressure, DisconnectReason } from '../api/public-types.ts';
import type { Message } from '../codec/codec.ts';
import {
  addHandler,
  callHandler,
  firstAnswer,
  type Handler as HandlerOf,
  type OnThrown,
} from './handler-calls.ts';
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
}

type Handler = HandlerOf<never>;

const METHODS: Readonly<Record<keyof Hooks, string>> = {
  message: 'onMessage',
  disconnect: 'onDisconnect',
  error: 'onError',
  ping: 'onPing',
  pong: 'onPong',
  leave: 'onLeave',
  backpressure: 'onBackpressure',
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

  addEvent(event: string, handler: Handler): void {
    this.#events ??= new Map();
    addHandler(this.#events, event, handler);
  }

  addHook(hook: keyof Hooks, handler: Handler): void {
    this.#hooks ??= new Map();
    addHandler(this.#hooks, hook, handler);
  }

  /**
   * Calls the `onConnection` handlers in the asynchronous context of their thread. The context that
   * they leave behind is that of the connection, so `AsyncLocalStorage.enterWith` holds for it.
   * @returns their results
   */
  begin<Argument>(
    handlers: readonly HandlerOf<Argument>[],
    connection: Argument,
    threadContext: AsyncResource,
  ): unknown[] {
    this.#context = threadContext; // for handlers that these bring about
    return threadContext.runInAsyncScope(() => {
      const results = handlers.map((handler) =>
        this.#callOne(handler, connection, 'onConnection', this.#onThrown),
      );
      this.#context = new AsyncResource('fanring.Connection');
      return results;
    });
  }

  callEvent(event: string, payload: unknown): void {
    const handlers = this.#events?.get(event);
    if (handlers !== undefined) this.#call(handlers, payload, event, this.#onThrown);
  }

  /** Calls the handlers of an event whose sender wants an answer, as {@link firstAnswer}. */
  async answerEvent(event: string, payload: unknown): Promise<unknown> {
    const handlers = this.#events?.get(event) ?? [];
    const answer = () => firstAnswer(handlers, payload as never, event, this.#onThrown);
    this.#running.begin();
    try {
      return await (this.#context === undefined ? answer() : this.#context.runInAsyncScope(answer));
    } finally {
      this.#running.end();
    }
  }

  hasEvent(event: string): boolean {
    return this.#events?.has(event) === true;
  }

  /** Calls the handlers of a hook; returns whether there is one. */
  callHook<Name extends keyof Hooks>(hook: Name, argument: Hooks[Name]): boolean {
    const handlers = this.#hooks?.get(hook);
    if (handlers === undefined) return false;
    const onThrown = hook === 'error' ? this.#onLost : this.#onThrown;
    this.#call(handlers, argument, METHODS[hook], onThrown);
    return true;
  }

  #call(handlers: readonly Handler[], argument: unknown, of: string, onThrown: OnThrown): void {
    const context = this.#context;
    if (context === undefined) this.#callAll(handlers, argument, of, onThrown);
    else context.runInAsyncScope(this.#callAll, this, handlers, argument, of, onThrown);
  }

  #callAll(handlers: readonly Handler[], argument: unknown, of: string, onThrown: OnThrown): void {
    for (const handler of handlers) this.#callOne(handler, argument as never, of, onThrown);
  }

  #callOne<Argument>(
    handler: HandlerOf<Argument>,
    argument: Argument,
    of: string,
    onThrown: OnThrown,
  ): unknown {
    const result = callHandler(handler, argument, of, onThrown);
    if (result instanceof Promise) this.#running.add(result);
    return result;
  }
}
