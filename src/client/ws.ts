import { CODEC_SUBPROTOCOLS, type Codec, impliesAnswers, type Message } from '../shared/codec.ts';
import { EngineError, type ErrorCode } from '../shared/errors.ts';
import { createTextCodec, DEFAULT_EVENT_PREFIX } from '../shared/text-codec.ts';
import {
  Connection,
  type ConnectionState,
  type Disconnection,
  type ReconnectAttempt,
} from './connection.ts';
import type {
  AnswerOf,
  AnyEvents,
  AskArguments,
  AskName,
  EmitArguments,
  EntryHandler,
  EventName,
  PayloadOf,
} from './event-types.ts';
import type { Ask, Encode, Parts } from './exchange.ts';
import type { Hooks } from './hooks.ts';
import { Listeners, report } from './listeners.ts';
import type { WsOptions } from './options.ts';
import type { VolatileEmitter } from './volatile-emitter.ts';
import { websocketUrl } from './websocket-url.ts';

/**
 * A client of one endpoint, in browsers and in Node. The methods of the iris client have their
 * original names too, so that a page written for iris works unchanged.
 */
export class Ws<Events extends object = AnyEvents> {
  /** The iris name of {@link Ws.onConnect}. */
  readonly OnConnect = this.onConnect;
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
  /** The iris name of {@link Ws.close}. */
  readonly Disconnect = this.close;
  /** As it was called at first: {@link Ws.close}. */
  readonly disconnect = this.close;

  /** Sends now or never: what is emitted here does not wait for a connection. */
  readonly volatile: VolatileEmitter<Events> = {
    emit: (event, ...[payload]) => this.#send((codec) => codec.encode(event, payload), false),
    emitMessage: (data) => this.#send((codec) => codec.encodeMessage(data), false),
  };

  readonly #events = new Listeners<Record<string, unknown>>();
  readonly #hooks = new Listeners<Hooks>();
  readonly #options: WsOptions;
  readonly #connection: Connection;
  readonly #queue = new Set<Encode>();
  readonly #asks = new Map<number, Ask>();
  #codec: Codec | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #hasHeard = false;
  #serverAnswers = false;
  #lastAsk = 0;

  /**
   * Begins to connect.
   * @param url `ws://host/path`; without a scheme (`host/path`) or as a path of the page's host
   *   (`/path`) it gets the page's: `wss:` where the page came by `https:`, else `ws:`
   * @param protocols the subprotocols to offer
   * @throws TypeError for a URL that is none, else what the WebSocket constructor throws
   */
  constructor(url: string | URL, protocols?: string | string[] | null, options: WsOptions = {}) {
    const { codec, eventPrefix = DEFAULT_EVENT_PREFIX } = options;
    // A page believes its own server, whose limit is the one that counts, and is below this one.
    const codecOptions = { eventPrefix, maxEventNameBytes: 2 ** 16 };
    if (codec !== 'msgpack') this.#codec = createTextCodec(codecOptions);
    const load = async () => {
      const { createMsgpackCodec } = await import('../shared/msgpack-codec.ts');
      this.#codec = createMsgpackCodec(codecOptions);
    };
    this.#options = { ...options };
    this.#connection = new Connection(
      websocketUrl(`${url}`, globalThis.location),
      [codec ? CODEC_SUBPROTOCOLS[codec] : [], protocols ?? []].flat(),
      this.#options,
      {
        prepare: () => (this.#codec ? undefined : load()),
        onConnect: (protocol) => this.#connected(protocol),
        onDisconnect: (end) => this.#disconnected(end),
        onReconnecting: (attempt) => this.#hooks.tell('reconnecting', attempt),
        onMessage: (message) => this.#receive(message),
      },
    );
  }

  /** What the client is doing. */
  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** Calls `fn` whenever a connection has opened, the first and each further one. */
  onConnect(fn: () => unknown): void {
    this.#hooks.add('connect', fn);
  }

  /**
   * Calls `fn` when the connection has been lost or could not be opened, and when it has ended for
   * good; not for each attempt to connect anew that fails.
   */
  onDisconnect(fn: (end: Disconnection) => unknown): void {
    this.#hooks.add('disconnect', fn);
  }

  /**
   * The iris name of {@link Ws.onDisconnect}. A page that uses it knows one connection with one end,
   * and may connect anew by itself: unless it was told how to, the client does not.
   */
  OnDisconnect(fn: (end: Disconnection) => unknown): void {
    this.#options.reconnect ??= false;
    this.onDisconnect(fn);
  }

  /** Calls `fn` before each attempt to connect anew, with its number, its delay and the reason. */
  onReconnecting(fn: (attempt: ReconnectAttempt) => unknown): void {
    this.#hooks.add('reconnecting', fn);
  }

  /** Calls `fn` with each native message: a string, or bytes. */
  onMessage(fn: (message: Message) => unknown): void {
    this.#hooks.add('message', fn);
  }

  /**
   * Calls `fn` with each malformed event (ERR_MALFORMED_EVENT), and with what could not be encoded
   * when its codec had been loaded; without any, the console is told.
   */
  onError(fn: (error: unknown) => unknown): void {
    this.#hooks.add('error', fn);
  }

  /**
   * Calls `fn` with the payload of each such event; several run in their order. Where the server
   * asks, the answer is the first result that is not undefined.
   */
  on<Name extends EventName<Events>>(event: Name, fn: EntryHandler<Events[Name]>): void {
    this.#events.add(event, fn as (payload: unknown) => unknown);
  }

  /**
   * Sends an event; without a connection it waits for one, and once the client has ended it goes
   * nowhere. It is sent once: what was on its way when a connection broke may be lost.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, and ERR_QUEUE_FULL where `maxQueuedMessages`
   *   wait already
   */
  emit<Name extends EventName<Events>>(
    event: Name,
    ...[payload]: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    this.#send((codec) => codec.encode(event, payload));
  }

  /**
   * Sends a native message, as {@link Ws.emit} does: a string as a text frame, bytes as a binary
   * frame.
   * @throws EngineError ERR_PAYLOAD, ERR_QUEUE_FULL
   */
  emitMessage(data: Message): void {
    this.#send((codec) => codec.encodeMessage(data));
  }

  /**
   * Sends an event as {@link Ws.emit} does; resolves with what the server answers. The time to wait
   * begins now, whether there is a connection or not; what has not been sent by its end never is.
   * @throws EngineError ERR_ACK_TIMEOUT, ERR_ACK_FAILED, ERR_CONNECTION_ENDED; ERR_OPTION,
   *   ERR_EVENT_NAME, ERR_PAYLOAD, ERR_QUEUE_FULL
   */
  emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...[payload, { timeoutMs = 10_000 } = {}]: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<AnswerOf<Events[Name]>> {
    return this.#ask(event, payload, timeoutMs) as Promise<AnswerOf<Events[Name]>>;
  }

  /**
   * Ends the client for good: closes its connection, or stops connecting.
   * @param code 1000 or 3000–4999; the default is to give none
   * @param reason at most 123 bytes of UTF-8
   * @throws what `close` of the WebSocket throws: InvalidAccessError, SyntaxError
   */
  close(code?: number, reason?: string): void {
    this.#connection.close(code, reason);
  }

  async #ask(event: string, payload: unknown, timeoutMs: number, mayWait = true): Promise<unknown> {
    if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) {
      throw new EngineError('ERR_OPTION', `timeoutMs: ${timeoutMs} is not 1 to 2^31 - 1`);
    }
    const ask = ++this.#lastAsk;
    const encode = this.#send((codec) => codec.withAsk(codec.encode(event, payload), ask), mayWait);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const fail = (code: ErrorCode, why: string = code) =>
          reject(new EngineError(code, `no answer: ${why}`));
        timer = setTimeout(fail, timeoutMs, 'ERR_ACK_TIMEOUT');
        this.#asks.set(ask, { encode, resolve, fail });
        if (this.state === 'closed') this.#failAsks();
      });
    } finally {
      clearTimeout(timer);
      this.#asks.delete(ask);
      this.#queue.delete(encode); // nobody waits for its answer any more
    }
  }

  /** Sends a message now, or later; returns what waits. */
  #send(encode: Encode, mayWait = true): Encode {
    const { state, socket } = this.#connection;
    const { maxQueuedMessages = 1000 } = this.#options;
    const message = this.#codec && encode(this.#codec);
    if (socket && message !== undefined) {
      socket.send(message as string);
      return encode;
    }
    if (!mayWait || state === 'closed') return encode;
    if (this.#queue.size >= maxQueuedMessages) {
      const text = `maxQueuedMessages (${maxQueuedMessages}) wait already`;
      throw new EngineError('ERR_QUEUE_FULL', text);
    }
    const kept = message?.slice(); // the page may use its bytes again before they are sent
    const waiting = kept === undefined ? encode : () => kept;
    this.#queue.add(waiting);
    return waiting;
  }

  #connected(protocol: string): void {
    const { acks = true, idleTimeoutMs = 60_000 } = this.#options;
    this.#serverAnswers = impliesAnswers(protocol);
    if (acks && !this.#serverAnswers) this.#send((codec) => codec.encodeHello(), false);
    // A copy: what the WebSocket does not take after all waits again.
    for (const encode of [...this.#queue]) {
      this.#queue.delete(encode);
      this.#try(() => this.#send(encode));
    }
    if (idleTimeoutMs) this.#watch = setInterval(() => this.#checkLife(), idleTimeoutMs);
    this.#hooks.tell('connect', undefined);
  }

  #disconnected(end: Disconnection): void {
    clearInterval(this.#watch);
    if (!end.willReconnect) this.#queue.clear();
    this.#failAsks();
    this.#hooks.tell('disconnect', end);
  }

  /** Fails the questions that have been sent: no other connection knows of them. */
  #failAsks(): void {
    for (const { encode, fail } of this.#asks.values()) {
      if (!this.#queue.has(encode)) fail('ERR_CONNECTION_ENDED');
    }
  }

  #receive(message: Message): void {
    this.#hasHeard = true;
    this.#try(() => {
      const decoded = (this.#codec as Codec).decode(message);
      const { native, event, payload, ask, answerTo, failure } = decoded as Parts;
      if (native !== undefined) {
        this.#hooks.tell('message', native);
      } else if (event && !ask) {
        this.#events.tell(event, payload);
      } else {
        this.#serverAnswers = true;
        if (event && ask) this.#answer(event, payload, ask);
        const asked = this.#asks.get(answerTo as number);
        if (failure === undefined) asked?.resolve(payload);
        else asked?.fail('ERR_ACK_FAILED', failure);
      }
    });
  }

  async #answer(event: string, payload: unknown, ask: number): Promise<void> {
    const codec = this.#codec as Codec;
    const { socket } = this.#connection;
    let answer = codec.encodeFailure(ask, 'no handler');
    try {
      const result = this.#events.ask(event, payload);
      if (result) answer = codec.encodeAnswer(ask, await result);
    } catch (error) {
      report(error);
      answer = codec.encodeFailure(ask, 'the handler failed'); // why is not the server's business
    }
    // To the one who asked: for the next connection, the number is that of another question.
    socket?.send(answer as string);
  }

  /** Browsers hide the pings of a server: one that is gone without a word does not answer. */
  #checkLife(): void {
    const { probeTimeoutMs = 10_000 } = this.#options;
    if (this.#serverAnswers && !this.#hasHeard) {
      this.#ask(PROBE, undefined, probeTimeoutMs, false).catch(({ code }) => {
        if (code !== 'ERR_ACK_TIMEOUT' || this.#hasHeard) return;
        this.#connection.abandon(NO_LIFE, 'no answer');
      });
    }
    this.#hasHeard = false;
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!this.#hooks.tell('error', error)) console.warn(error);
    }
  }
}

/** A name that the client asks for to see whether the server is there; no app uses it. */
const PROBE = 'fanring:ping';
/** The close code of a connection whose server does not answer any more. */
const NO_LIFE = 4000;
