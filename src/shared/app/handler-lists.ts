import type { EngineError } from '../api/errors.ts';
import type { Backpressure, DisconnectReason } from '../api/public-types.ts';
import type { Message } from '../codec/codec.ts';
import { optionError } from '../options/option-rules.ts';
import {
  addHandler,
  callHandler,
  firstAnswer,
  type Handler as HandlerOf,
  type OnThrown,
} from './handler-calls.ts';

/** What a connection can tell its handlers, events aside, and with which argument. */
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
 * The handlers of one connection. They are made as they are needed: most connections of a busy
 * server have one or two, and an idle one should cost little.
 */
export class HandlerLists {
  readonly #onThrown: OnThrown;
  readonly #onLost: OnThrown;
  #events: Map<string, Handler[]> | undefined;
  #hooks: Map<keyof Hooks, Handler[]> | undefined;

  /**
   * @param onThrown gets what a handler threw, or what the promise it returned rejected with
   * @param onLost gets the same of an error handler: telling the error handlers again would not end
   */
  constructor(onThrown: OnThrown, onLost: OnThrown) {
    this.#onThrown = onThrown;
    this.#onLost = onLost;
  }

  addEvent(event: string, handler: Handler): void {
    this.#events ??= new Map();
    add(this.#events, event, handler);
  }

  addHook(hook: keyof Hooks, handler: Handler): void {
    this.#hooks ??= new Map();
    add(this.#hooks, hook, handler);
  }

  callEvent(event: string, payload: unknown): void {
    callAll(this.#events?.get(event), payload, event, this.#onThrown);
  }

  /**
   * Calls the handlers of an event whose sender wants an answer: the first result, or what its
   * promise resolves to, that is not undefined.
   * @throws what the first of those who fail threw; `onThrown` has got what the others did
   */
  answerEvent(event: string, payload: unknown): Promise<unknown> {
    const handlers = this.#events?.get(event) ?? [];
    return firstAnswer(handlers, payload as never, event, this.#onThrown);
  }

  hasEvent(event: string): boolean {
    return this.#events?.has(event) === true;
  }

  /** Returns whether there was a handler. */
  callHook<Name extends keyof Hooks>(hook: Name, argument: Hooks[Name]): boolean {
    const handlers = this.#hooks?.get(hook);
    callAll(handlers, argument, METHODS[hook], hook === 'error' ? this.#onLost : this.#onThrown);
    return handlers !== undefined;
  }
}

function callAll(
  handlers: Handler[] | undefined,
  argument: unknown,
  of: string,
  onThrown: OnThrown,
): void {
  if (handlers === undefined) return;
  for (const handler of handlers) callHandler(handler, argument as never, of, onThrown);
}

function add<Key>(lists: Map<Key, Handler[]>, key: Key, handler: Handler): void {
  if (typeof handler !== 'function') {
    throw optionError('a handler', handler, 'a function');
  }
  addHandler(lists, key, handler);
}
