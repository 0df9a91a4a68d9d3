import { messageOf } from '../../shared/api/errors.ts';
import type { DisconnectReason } from '../../shared/api/public-types.ts';
import type { Message } from '../../shared/codec/codec.ts';
import { checkClose } from '../page/checks.ts';
import type { WsOptions } from '../page/options.ts';
import { delayBefore, mayReconnect } from './backoff.ts';
import { followBytes } from './received-bytes.ts';
import type { Target, WebSocketConstructor, WebSocketLike } from './web-socket.ts';

/** State of a client; reconnecting: it waits to connect anew, or is about it. */
export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** The end of a connection, and whether another one follows. */
export interface Disconnection extends DisconnectReason {
  /** Whether the client connects anew. */
  readonly willReconnect: boolean;
}

/** An attempt to connect anew that has been decided on. */
export interface ReconnectAttempt {
  /** From 1; goes on where a connection did not last. */
  readonly attempt: number;
  /** Milliseconds from now. */
  readonly delayMs: number;
  /** The reason why there is no connection. */
  readonly reason: DisconnectReason;
}

/** The receiver of all that happens on a connection. */
export interface ConnectionSink {
  /** The place to connect to; read for each attempt, when that is prepared. */
  readonly target: Target;
  /** Resolves when all that a connection needs is there; undefined: it is there already. */
  prepare(): Promise<unknown> | undefined;
  opened(protocol: string): void;
  ended(end: Disconnection): void;
  retrying(attempt: ReconnectAttempt): void;
  received(message: Message): void;
}

/** Close code without a close frame (RFC 6455 section 7.4.1). */
const ABNORMAL = 1006;
/** Close code where the server does not answer any more. */
const NO_ANSWER = 4000;
/** Milliseconds that a server may take to answer a close: as many as a client may. */
const CLOSE_TIMEOUT = 5000;

/** A connection to one place: one WebSocket after another, until it has ended for good. */
export class Connection {
  state: ConnectionState = 'connecting';
  /** The latest WebSocket, open or not. */
  conn: WebSocketLike | undefined;
  readonly #options: WsOptions;
  readonly #sink: ConnectionSink;
  readonly #life = new AbortController();
  #socket: WebSocketLike | undefined;
  #connectedAt = 0;
  #attempt = 0;
  /** Runs until the next attempt; with a WebSocket, until that has to be open, or closed. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The end that the app has asked for. */
  #farewell: DisconnectReason | undefined;

  /** @param options read anew whenever a WebSocket has closed */
  constructor(options: WsOptions, sink: ConnectionSink) {
    this.#options = options;
    this.#sink = sink;
  }

  /**
   * Begins to connect.
   * @throws what the WebSocket constructor throws, where there is nothing to prepare
   */
  begin(): void {
    this.#connect();
    // The network is back, or the page is: browsers keep pages that one has left.
    for (const event of ['online', 'pageshow']) {
      globalThis.addEventListener?.(
        event,
        () => this.#socket || (this.#timer && this.#connect()),
        this.#life,
      );
    }
  }

  /** The WebSocket, as long as it is open. */
  get socket(): WebSocketLike | undefined {
    return this.state === 'connected' && this.#socket?.readyState === 1 ? this.#socket : undefined;
  }

  /**
   * Gives up a WebSocket whose other end says nothing. Nobody answers its close: where it cannot be
   * terminated, it stays open until TCP ends it.
   */
  abandon(): void {
    const socket = this.#socket;
    if (!socket) return;
    const end = { code: NO_ANSWER, reason: 'no answer' };
    socket.onmessage = socket.onclose = null;
    socket.close(end.code, end.reason);
    socket.terminate?.(); // `ws` has it, browsers have not
    this.#ended(end);
  }

  /**
   * Ends the connection for good (RFC 6455 section 7).
   * @throws EngineError ERR_CLOSE_CODE, and then nothing has changed
   */
  close(code?: number, reason?: string): void {
    checkClose(code, reason);
    const { state } = this;
    this.state = 'closed'; // first: a WebSocket that is still connecting may end at once
    this.#farewell ??= { code: code ?? 1005, reason: reason ?? '' };
    try {
      this.#socket?.close(code, reason); // no '' in place of none: Chromium takes no reason alone
    } catch (error) {
      this.state = state;
      this.#farewell = undefined;
      throw error;
    }
    clearTimeout(this.#timer);
    if (this.#socket) this.#timer = setTimeout(() => this.abandon(), CLOSE_TIMEOUT);
    else this.#ended(this.#farewell);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ready = this.#sink.prepare();
    if (!ready) this.#open();
    else {
      ready
        .then(() => this.#open())
        .catch((error) => this.#ended({ code: ABNORMAL, reason: messageOf(error) }));
    }
  }

  #open(): void {
    if (this.state === 'closed') return;
    const { WebSocket = globalThis.WebSocket as WebSocketConstructor, connectTimeoutMs = 10_000 } =
      this.#options;
    const socket = new WebSocket(...this.#sink.target);
    this.conn = this.#socket = socket;
    followBytes(socket);
    socket.binaryType = 'arraybuffer';
    this.#timer = setTimeout(() => this.abandon(), connectTimeoutMs);
    let why = 'could not connect';
    socket.onopen = () => {
      why = '';
      clearTimeout(this.#timer);
      this.state = 'connected';
      this.#connectedAt = Date.now();
      this.#sink.opened(socket.protocol);
    };
    socket.onmessage = ({ data }: MessageEvent) =>
      this.#sink.received(typeof data === 'string' ? data : new Uint8Array(data));
    // A close follows; `ws` throws an error that nobody listens for. Those of browsers say nothing.
    socket.onerror = ({ message }: Partial<ErrorEvent>) => {
      why = message || why;
    };
    socket.onclose = ({ code, reason }: DisconnectReason) =>
      this.#ended({ code, reason: reason || why });
  }

  #ended(end: DisconnectReason): void {
    if (this.#life.signal.aborted) return; // it has ended for good
    const why = this.#farewell ?? end;
    const { reconnect = {} } = this.#options;
    const how = reconnect || {};
    const { stableMs = 5000, shouldReconnect = mayReconnect } = how;
    const { state } = this;
    if (state === 'connected' && Date.now() - this.#connectedAt >= stableMs) this.#attempt = 0;
    const willReconnect = state !== 'closed' && reconnect !== false && shouldReconnect(why);
    const attempt = ++this.#attempt;
    const delayMs = delayBefore(attempt, how);
    this.#socket = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (willReconnect) {
      this.state = 'reconnecting';
      this.#timer = setTimeout(() => this.#connect(), delayMs);
    } else {
      this.state = 'closed';
      this.#life.abort();
    }
    // An attempt that fails is not another disconnection.
    const isNews = state !== 'reconnecting' || !willReconnect;
    if (isNews) this.#sink.ended({ ...why, willReconnect });
    if (this.#timer) this.#sink.retrying({ attempt, delayMs, reason: why });
  }
}
