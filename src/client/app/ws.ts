import type {
  AnyEventHandler,
  AnyEvents,
  EntryHandler,
  EventName,
  HandlerOptions,
} from '../../shared/api/public-types.ts';
import type { Handler } from '../../shared/app/handler-calls.ts';
import type { Message } from '../../shared/codec/codec.ts';
import { checkHandledName } from '../../shared/codec/event-rules.ts';
import type { Disconnection, ReconnectAttempt } from '../connect/connection.ts';
import { MAX_EVENT_NAME_BYTES } from '../exchange/encode-event.ts';
import type { FirstEmitter } from '../page/first-emitter.ts';
import { PageWs } from '../page/page-ws.ts';
import { AppExchange } from './app-exchange.ts';
import type { Protocols, Url, WsOptions } from './options.ts';

/**
 * A client of one endpoint, in browsers and in Node. It has all that the client of pages has, and
 * each listener can be taken away: by the function that is returned, or by `signal`.
 */
export class Ws<Events extends object = AnyEvents> extends PageWs<Events> {
  readonly #exchange: AppExchange;

  /**
   * Begins to connect.
   * @param url `ws://host/path`, or `host/path`, or `/path` on the page's host. Without a scheme it
   *   gets the page's: `wss:` where the page came by `https:`, else `ws:`. A function is called for
   *   each attempt
   * @param protocols the subprotocols to offer, or a function as for `url`
   * @throws TypeError for a URL that is none; EngineError ERR_OPTION; any error of the WebSocket
   *   constructor, where nothing has to be called or loaded first
   */
  constructor(url: Url, protocols?: Protocols, options: WsOptions = {}) {
    const exchange = new AppExchange(url, protocols, options);
    super('', null, options, exchange);
    this.#exchange = exchange;
  }

  /**
   * Calls `fn` for each connection, as {@link PageWs.onConnect}: at once where there is one, and
   * whenever another has opened. Where `fn` takes a parameter, it may speak first.
   */
  override onConnect(
    fn: (() => unknown) | ((first: FirstEmitter<Events>) => unknown),
    options: HandlerOptions = {},
  ): () => void {
    const { hooks } = this.#exchange;
    const hook = (fn as Handler<never>)?.length > 0 ? 'greet' : 'connect';
    const remove = hooks.add(hook, fn as () => unknown, options);
    if (!options.signal?.aborted) this.#exchange.meet(fn);
    return remove;
  }

  /**
   * Calls `fn` when the connection has been lost or could not be opened, and when it has ended for
   * good. A further attempt to connect that fails is not told.
   */
  override onDisconnect(fn: (end: Disconnection) => unknown, options?: HandlerOptions): () => void {
    return this.#exchange.hooks.add('disconnect', fn, options);
  }

  /**
   * The iris name of {@link Ws.onDisconnect}. A page that uses it may connect anew by itself. So
   * the client does not, unless the option `reconnect` says how.
   */
  override OnDisconnect(fn: (end: Disconnection) => unknown, options?: HandlerOptions): () => void {
    if (!this.#exchange.isReconnectGiven) this.#exchange.options.reconnect = false;
    return this.onDisconnect(fn, options);
  }

  /** Calls `fn` before each attempt to connect anew, with its number, its delay and the reason. */
  override onReconnecting(
    fn: (attempt: ReconnectAttempt) => unknown,
    options?: HandlerOptions,
  ): () => void {
    return this.#exchange.hooks.add('reconnecting', fn, options);
  }

  /** Calls `fn` with each native message: a string, or bytes. */
  override onMessage(fn: (message: Message) => unknown, options?: HandlerOptions): () => void {
    return this.#exchange.hooks.add('message', fn, options);
  }

  /**
   * Calls `fn` with each error of {@link PageWs.onError}, and where `url`, `protocols` or `auth`
   * fails (ERR_ATTEMPT). Without any such `fn` the console gets them.
   */
  override onError(fn: (error: unknown) => unknown, options?: HandlerOptions): () => void {
    return this.#exchange.hooks.add('error', fn, options);
  }

  /**
   * Calls `fn` with the payload of each such event; several run in the order of their adding. Where
   * the server asks, the answer is the first result that is not undefined.
   * @throws EngineError ERR_EVENT_NAME, ERR_OPTION
   */
  override on<Name extends EventName<Events>>(
    event: Name,
    fn: EntryHandler<Events[Name]>,
    options?: HandlerOptions,
  ): () => void {
    checkHandledName(event, MAX_EVENT_NAME_BYTES);
    return this.#exchange.events.add(event, fn as Handler<unknown>, options);
  }

  /** Calls `fn` as {@link Ws.on}, for the next such event alone. */
  once<Name extends EventName<Events>>(
    event: Name,
    fn: EntryHandler<Events[Name]>,
    options?: HandlerOptions,
  ): () => void {
    checkHandledName(event, MAX_EVENT_NAME_BYTES);
    return this.#exchange.events.addOnce(event, fn as Handler<never>, options);
  }

  /** Takes a listener away that was given to {@link Ws.on} or {@link Ws.once}. */
  off<Name extends EventName<Events>>(event: Name, fn: EntryHandler<Events[Name]>): void {
    this.#exchange.events.remove(event, fn as Handler<never>);
  }

  /** Calls `fn` with each event, ahead of the event's own listeners. */
  onAny(fn: AnyEventHandler<Events>, options?: HandlerOptions): () => void {
    return this.#exchange.events.addOther('any', fn as () => unknown, options);
  }

  /** Calls `fn` with each event that has no listener of its own. */
  onUnhandled(
    fn: (event: string, payload: unknown) => unknown,
    options?: HandlerOptions,
  ): () => void {
    return this.#exchange.events.addOther('unhandled', fn, options);
  }
}
