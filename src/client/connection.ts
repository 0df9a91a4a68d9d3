import type { Message } from '../shared/codec.ts';
import { messageOf } from '../shared/errors.ts';
import { delayBefore, mayReconnect } from './backoff.ts';
import type { DisconnectReason } from './event-types.ts';
import type { WsOptions } from './options.ts';
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';

/**
 * What a client is doing: connecting for the first time; connected; waiting to connect anew, or
 * about it; ended for good.
 */
export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** How a connection ended, and what comes then. */
export interface Disconnection extends DisconnectReason {
  /** Whether there will be another one. */
  readonly willReconnect: boolean;
}

/** An attempt to connect anew that has been decided on. */
export interface ReconnectAttempt {
  /** From 1; counts on over connections that did not last. */
  readonly attempt: number;
  /** Milliseconds from now. */
  readonly delayMs: number;
  /** Why there is no connection. */
  readonly reason: DisconnectReason;
}

/** Who hears what happens on a connection. */
export interface ConnectionSink {
  /** Resolves when there is what a connection needs; undefined: there is already. */
  prepare(): Promise<unknown> | undefined;
  onConnect(protocol: string): void;
  onDisconnect(end: Disconnection): void;
  onReconnecting(attempt: ReconnectAttempt): void;
  onMessage(message: Message): void;
}

/** A connection to one place: one WebSocket after another, until it has ended for good. */
export class Connection {
  /** What it is doing. */
  state: ConnectionState = 'connecting';
  readonly #url: string;
  readonly #protocols: string[];
  readonly #options: WsOptions;
  readonly #sink: ConnectionSink;
  readonly #life = new AbortController();
  #socket: WebSocketLike | undefined;
  #connectedAt = 0;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Begins to connect.
   * @param options are read anew whenever a WebSocket has closed
   * @throws what the WebSocket constructor throws, where there is nothing to prepare
   */
  constructor(url: string, protocols: string[], options: WsOptions, sink: ConnectionSink) {
    this.#url = url;
    this.#protocols = protocols;
    this.#options = options;
    this.#sink = sink;
    this.#connect();
    // The network is back; the page is, from where browsers keep those that one has left.
    for (const event of ['online', 'pageshow']) {
      globalThis.addEventListener?.(event, () => this.#timer && this.#connect(), this.#life);
    }
  }

  /** The WebSocket, as long as it is open. */
  get socket(): WebSocketLike | undefined {
    return this.state === 'connected' && this.#socket?.readyState === 1 ? this.#socket : undefined;
  }

  /** Gives up a WebSocket whose other end is not there any more: nobody would answer its close. */
  abandon(code: number, reason: string): void {
    const socket = this.#socket;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close(code, reason);
    this.#ended({ code, reason });
  }

  /** Ends the connection for good (RFC 6455 section 7). */
  close(code?: number, reason?: string): void {
    this.state = 'closed'; // first: one that is still connecting may end at once
    this.#socket?.close(code, reason);
    if (!this.#socket) this.#ended({ code: code ?? 1005, reason: reason ?? '' });
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ready = this.#sink.prepare();
    if (!ready) this.#open();
    else {
      ready.then(
        () => this.#open(),
        (error) => this.#ended({ code: 1006, reason: messageOf(error) }),
      );
    }
  }

  #open(): void {
    if (this.state === 'closed') return;
    const { WebSocket = globalThis.WebSocket as WebSocketConstructor } = this.#options;
    const socket = new WebSocket(this.#url, this.#protocols);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.state = 'connected';
      this.#connectedAt = Date.now();
      this.#sink.onConnect(socket.protocol);
    };
    socket.onmessage = ({ data }: MessageEvent) =>
      this.#sink.onMessage(typeof data === 'string' ? data : new Uint8Array(data));
    socket.onclose = (reason: DisconnectReason) => this.#ended(reason);
    socket.onerror = () => {}; // a close follows; `ws` throws an error that nobody listens for
  }

  #ended({ code, reason }: DisconnectReason): void {
    if (this.#life.signal.aborted) return; // that was its end
    const why = { code, reason };
    const { reconnect = {} } = this.#options;
    const { stableMs = 5000, shouldReconnect = mayReconnect } = reconnect || {};
    const { state } = this;
    if (state === 'connected' && Date.now() - this.#connectedAt >= stableMs) this.#attempt = 0;
    const willReconnect = state !== 'closed' && reconnect !== false && shouldReconnect(why);
    const attempt = ++this.#attempt;
    const delayMs = delayBefore(attempt, reconnect || {});
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
    // Attempts that fail are no further disconnections.
    const isNews = state !== 'reconnecting' || !willReconnect;
    if (isNews) this.#sink.onDisconnect({ ...why, willReconnect });
    if (this.#timer) this.#sink.onReconnecting({ attempt, delayMs, reason: why });
  }
}
