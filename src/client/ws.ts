import type { Codec, Message } from '../shared/codec.ts';
import { createTextCodec, DEFAULT_EVENT_PREFIX } from '../shared/text-codec.ts';
import { type Connection, connect, type DisconnectReason } from './connection.ts';
import { createListeners } from './listeners.ts';
import { websocketUrl } from './websocket-url.ts';

/** What {@link Ws} may be told beside where to connect. */
export interface WsOptions {
  /** The `eventPrefix` of the server, where it is not the default. */
  eventPrefix?: string;
}

/** What a {@link Ws} tells its listeners, events aside, and with which argument. */
interface Hooks {
  connect: undefined;
  disconnect: DisconnectReason;
  message: Message;
  error: unknown;
}

/**
 * A client's connection to one endpoint, in browsers and in Node. Every method has its original iris
 * name too, so that a page written for iris works unchanged.
 */
export class Ws {
  /** The iris name of {@link Ws.onConnect}. */
  readonly OnConnect = this.onConnect;
  /** The iris name of {@link Ws.onDisconnect}. */
  readonly OnDisconnect = this.onDisconnect;
  /** The iris name of {@link Ws.onMessage}. */
  readonly OnMessage = this.onMessage;
  /** Named like the others of iris: {@link Ws.onError}. */
  readonly OnError = this.onError;
  /** The iris name of {@link Ws.on}. */
  readonly On = this.on;
  /** The iris name of {@link Ws.emit}. */
  readonly Emit = this.emit;
  /** The iris name of {@link Ws.emitMessage}. */
  readonly EmitMessage = this.emitMessage;
  /** The iris name of {@link Ws.disconnect}. */
  readonly Disconnect = this.disconnect;

  readonly #codec: Codec;
  readonly #connection: Connection;
  readonly #events = createListeners<Record<string, unknown>>();
  readonly #hooks = createListeners<Hooks>();

  /**
   * Begins to connect.
   * @param url `ws://host/path`; without a scheme (`host/path`) or as a path of the page's host
   *   (`/path`) it gets the page's: `wss:` where the page came by `https:`, else `ws:`
   * @param protocols the subprotocols to offer
   * @throws what the WebSocket constructor throws: SyntaxError for a URL that is none
   */
  constructor(
    url: string | URL,
    protocols?: string | string[] | null,
    { eventPrefix = DEFAULT_EVENT_PREFIX }: WsOptions = {},
  ) {
    // A page believes its own server: the server's limit is the one that counts.
    this.#codec = createTextCodec({ eventPrefix, maxEventNameBytes: Number.POSITIVE_INFINITY });
    this.#connection = connect(websocketUrl(`${url}`, globalThis.location), protocols ?? [], {
      onConnect: () => this.#hooks.tell('connect', undefined),
      onDisconnect: (reason) => this.#hooks.tell('disconnect', reason),
      onMessage: (message) => this.#receive(message),
    });
  }

  /** Calls `fn` when the connection has opened. */
  onConnect(fn: () => unknown): void {
    this.#hooks.add('connect', fn);
  }

  /** Calls `fn` when the connection has ended, or could not be opened. */
  onDisconnect(fn: (reason: DisconnectReason) => unknown): void {
    this.#hooks.add('disconnect', fn);
  }

  /** Calls `fn` with each native message: a string, or bytes. */
  onMessage(fn: (message: Message) => unknown): void {
    this.#hooks.add('message', fn);
  }

  /** Calls `fn` with each malformed event (ERR_MALFORMED_EVENT); without any, the console is told. */
  onError(fn: (error: unknown) => unknown): void {
    this.#hooks.add('error', fn);
  }

  /** Calls `fn` with the payload of each such event: a string, number, boolean, bytes or JSON. */
  on<Payload>(event: string, fn: (payload: Payload) => unknown): void {
    this.#events.add(event, fn as (payload: unknown) => unknown);
  }

  /**
   * Sends an event; while the connection opens it waits, once it has ended it goes nowhere.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, and ERR_OUTBOX_FULL where
   *   MAX_WAITING_MESSAGES wait already
   */
  emit(event: string, payload?: unknown): void {
    this.#connection.send(this.#codec.encode(event, payload));
  }

  /**
   * Sends a native message: a string as a text frame, bytes as a binary frame.
   * @throws EngineError ERR_PAYLOAD, ERR_OUTBOX_FULL as {@link Ws.emit}
   */
  emitMessage(data: Message): void {
    this.#connection.send(this.#codec.encodeMessage(data));
  }

  /**
   * Closes the connection.
   * @param code 1000 or 3000–4999; the default is to give none
   * @param reason at most 123 bytes of UTF-8
   */
  disconnect(code?: number, reason?: string): void {
    this.#connection.close(code, reason);
  }

  #receive(message: Message): void {
    try {
      const decoded = this.#codec.decode(message);
      if ('event' in decoded) this.#events.tell(decoded.event, decoded.payload);
      else this.#hooks.tell('message', decoded.native);
    } catch (error) {
      if (!this.#hooks.tell('error', error)) console.warn(error);
    }
  }
}
