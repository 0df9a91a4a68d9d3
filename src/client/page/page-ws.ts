import type {
  AnswerOf,
  AnyEvents,
  AskArguments,
  AskName,
  EmitArguments,
  EntryHandler,
  EventName,
  PayloadOf,
} from '../../shared/api/public-types.ts';
import type { Message } from '../../shared/codec/codec.ts';
import { checkHandledName } from '../../shared/codec/event-rules.ts';
import type { ConnectionState, Disconnection, ReconnectAttempt } from '../connect/connection.ts';
import { offeredProtocols } from '../connect/offered-protocols.ts';
import type { WebSocketLike } from '../connect/web-socket.ts';
import { websocketUrl } from '../connect/websocket-url.ts';
import { encodeEvent, MAX_EVENT_NAME_BYTES } from '../exchange/encode-event.ts';
import { Exchange } from '../exchange/exchange.ts';
import { checkClient } from './checks.ts';
import type { FirstEmitter } from './first-emitter.ts';
import type { WsOptions } from './options.ts';
import type { VolatileEmitter } from './volatile-emitter.ts';

/**
 * A client of one endpoint, in browsers and in Node. The methods of the iris client have their
 * original names too, so that a page written for iris that exchanges text works unchanged. Other
 * pages may have to change: see docs/moving-from-iris.md.
 */
export class PageWs<Events extends object = AnyEvents> {
  /** The iris name of {@link PageWs.onConnect}. */
  readonly OnConnect: this['onConnect'] = this.onConnect;
  /** The iris name of {@link PageWs.onMessage}. */
  readonly OnMessage: this['onMessage'] = this.onMessage;
  /** Named like the others of iris: {@link PageWs.onError}. */
  readonly OnError: this['onError'] = this.onError;
  /** The iris name of {@link PageWs.on}. */
  readonly On: this['on'] = this.on;
  /** The iris name of {@link PageWs.emit}. */
  readonly Emit: this['emit'] = this.emit;
  /** The iris name of {@link PageWs.emitMessage}. */
  readonly EmitMessage: this['emitMessage'] = this.emitMessage;
  /** The iris name of {@link PageWs.close}. */
  readonly Disconnect = this.close;
  /** Another name of {@link PageWs.close}. */
  readonly disconnect = this.close;

  /** Sends now or never: without a connection an event or message is dropped. */
  readonly volatile: VolatileEmitter<Events> = {
    emit: (event, ...[payload]) => this.#exchange.send(encodeEvent(event, payload), false),
    emitMessage: (data) => this.#exchange.send((codec) => codec.encodeMessage(data), false),
  };

  readonly #exchange: Exchange;

  /**
   * Begins to connect.
   * @param url `ws://host/path`, or `host/path`, or `/path` on the page's host. Without a scheme it
   *   gets the page's: `wss:` where the page came by `https:`, else `ws:`
   * @param protocols the subprotocols to offer
   * @param exchange of a subclass, which has checked the others by itself
   * @throws TypeError for a URL that is none; EngineError ERR_OPTION; any error of the WebSocket
   *   constructor
   */
  constructor(
    url: string | URL,
    protocols?: string | string[] | null,
    options: WsOptions = {},
    exchange = createExchange(url, protocols, options),
  ) {
    this.#exchange = exchange;
    exchange.connection.begin();
  }

  /** State of the client. */
  get state(): ConnectionState {
    return this.#exchange.connection.state;
  }

  /** The iris name of the latest WebSocket; undefined while the first is being prepared. */
  get conn(): WebSocketLike | undefined {
    return this.#exchange.connection.conn;
  }

  /** The iris name for a {@link PageWs.state} of 'connected'. */
  get isReady(): boolean {
    return this.state === 'connected';
  }

  /**
   * Calls `fn` for each connection: at once where there is one, and whenever another has opened.
   * Where `fn` takes a parameter, it may say something ahead of all messages that wait: a login. All
   * else waits until its promise has resolved. Where that rejects, the client gives the connection
   * up and connects anew.
   */
  onConnect(fn: (() => unknown) | ((first: FirstEmitter<Events>) => unknown)): void {
    this.#exchange.hooks.add(fn.length > 0 ? 'greet' : 'connect', fn as () => unknown);
    this.#exchange.meet(fn);
  }

  /**
   * Calls `fn` when the connection has been lost or could not be opened, and when it has ended for
   * good. A further attempt to connect that fails is not told.
   */
  onDisconnect(fn: (end: Disconnection) => unknown): void {
    this.#exchange.hooks.add('disconnect', fn);
  }

  /**
   * The iris name of {@link PageWs.onDisconnect}. A page that uses it may connect anew by itself. So
   * the client does not, unless the option `reconnect` says how.
   */
  OnDisconnect(fn: (end: Disconnection) => unknown): void {
    this.#exchange.options.reconnect ??= false;
    this.onDisconnect(fn);
  }

  /** Calls `fn` before each attempt to connect anew, with its number, its delay and the reason. */
  onReconnecting(fn: (attempt: ReconnectAttempt) => unknown): void {
    this.#exchange.hooks.add('reconnecting', fn);
  }

  /** Calls `fn` with each native message: a string, or bytes. */
  onMessage(fn: (message: Message) => unknown): void {
    this.#exchange.hooks.add('message', fn);
  }

  /**
   * Calls `fn` with each malformed event (ERR_MALFORMED_EVENT), and with each error of a message
   * that waited for its codec and cannot be encoded. Without any such `fn` the console gets them.
   */
  onError(fn: (error: unknown) => unknown): void {
    this.#exchange.hooks.add('error', fn);
  }

  /**
   * Calls `fn` with the payload of each such event; several run in the order of their adding. Where
   * the server asks, the answer is the first result that is not undefined.
   * @throws EngineError ERR_EVENT_NAME, ERR_OPTION
   */
  on<Name extends EventName<Events>>(event: Name, fn: EntryHandler<Events[Name]>): void {
    checkHandledName(event, MAX_EVENT_NAME_BYTES);
    this.#exchange.events.add(event, fn as (payload: unknown) => unknown);
  }

  /**
   * Sends an event. Without a connection it waits for one; once the client has ended it is dropped.
   * It is sent once, so that one on its way when a connection breaks may be lost.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, and ERR_QUEUE_FULL where `maxQueuedMessages`
   *   wait already
   */
  emit<Name extends EventName<Events>>(
    event: Name,
    ...[payload]: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    this.#exchange.send(encodeEvent(event, payload));
  }

  /**
   * Sends a native message, as {@link PageWs.emit} does: a string as a text frame, bytes as a binary
   * frame.
   * @throws EngineError ERR_PAYLOAD, ERR_QUEUE_FULL
   */
  emitMessage(data: Message): void {
    this.#exchange.send((codec) => codec.encodeMessage(data));
  }

  /**
   * Sends an event as {@link PageWs.emit} does; resolves with the answer of the server. The time to
   * wait begins now, with a connection or without; an event that has not been sent by its end is
   * dropped.
   * @throws EngineError ERR_ACK_TIMEOUT, ERR_ACK_FAILED, ERR_CONNECTION_ENDED; ERR_OPTION,
   *   ERR_EVENT_NAME, ERR_PAYLOAD, ERR_QUEUE_FULL
   */
  emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...[payload, options]: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<AnswerOf<Events[Name]>> {
    return this.#exchange.ask(event, payload, options) as Promise<AnswerOf<Events[Name]>>;
  }

  /**
   * Ends the client for good: closes its connection, or stops connecting.
   * @param code 1000 or 3000–4999; the default is to give none
   * @param reason at most 123 bytes of UTF-8
   * @throws EngineError ERR_CLOSE_CODE
   */
  close(code?: number, reason?: string): void {
    this.#exchange.end(code, reason);
  }
}

function createExchange(
  url: string | URL,
  protocols: string | string[] | null | undefined,
  options: WsOptions,
): Exchange {
  checkClient(url, protocols, options);
  const path = websocketUrl(url as string, globalThis.location);
  return new Exchange([path, offeredProtocols(options.codec, protocols)], { ...options });
}
