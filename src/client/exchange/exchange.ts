import { EngineError, type ErrorCode } from '../../shared/api/errors.ts';
import type { AckOptions, AnyEvents } from '../../shared/api/public-types.ts';
import { callHandler, type Handler } from '../../shared/app/handler-calls.ts';
import {
  type Codec,
  type CodecOptions,
  type Encode,
  impliesAnswers,
  type Message,
} from '../../shared/codec/codec.ts';
import { checkReserved, PROBE } from '../../shared/codec/event-rules.ts';
import { createTextCodec } from '../../shared/codec/text-codec.ts';
import { ackTimeout } from '../../shared/options/ack-timeout.ts';
import {
  Connection,
  type ConnectionSink,
  type Disconnection,
  type ReconnectAttempt,
} from '../connect/connection.ts';
import { receivedBytes } from '../connect/received-bytes.ts';
import type { Target, WebSocketLike } from '../connect/web-socket.ts';
import type { Hooks } from '../listen/hooks.ts';
import { Listeners, report } from '../listen/listeners.ts';
import type { FirstEmitter } from '../page/first-emitter.ts';
import type { WsOptions } from '../page/options.ts';
import { encodeEvent, MAX_EVENT_NAME_BYTES } from './encode-event.ts';
import { DEFAULT_EVENT_PREFIX } from './event-prefix.ts';
import type { Ask, Parts } from './parts.ts';

/**
 * The messages of a client over all its connections. Some wait for a connection, asks await an
 * answer, and those that come in go to the listeners.
 */
export class Exchange implements ConnectionSink {
  readonly connection: Connection;
  target: Target;
  /** Read anew whenever they count. */
  readonly options: WsOptions;
  readonly events = new Listeners<Record<string, unknown>>();
  readonly hooks = new Listeners<Hooks>();
  /** Gets the error of an ask's listener. */
  readonly report: (error: unknown) => void = report;
  readonly #queue = new Set<Encode>();
  readonly #asks = new Map<number, Ask>();
  readonly #codecOptions: CodecOptions;
  #codec: Codec | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #hasHeard = false;
  /** Listeners that say the first words of a connection, while all others wait. */
  #greetings = 0;
  /** Whether the listeners for a connection have been told of this one. */
  #isAnnounced = false;
  /** Bytes that had come at the last look, and bytes that had yet to go. */
  #received = 0;
  #waiting = 0;
  /** Errors of the connection that only the console could be told of. */
  #unheard = 0;
  #serverAnswers = false;
  #lastAsk = 0;

  constructor(target: Target, options: WsOptions) {
    const { codec, eventPrefix = DEFAULT_EVENT_PREFIX } = options;
    this.#codecOptions = { eventPrefix, maxEventNameBytes: MAX_EVENT_NAME_BYTES };
    if (codec !== 'msgpack') this.#codec = createTextCodec(this.#codecOptions);
    this.target = target;
    this.options = options;
    this.connection = new Connection(options, this);
  }

  /**
   * Asks; resolves with the answer.
   * @throws EngineError ERR_ACK_TIMEOUT, ERR_ACK_FAILED, ERR_CONNECTION_ENDED; ERR_OPTION, and what
   *   {@link Exchange.send} throws
   */
  async ask(
    event: string,
    payload: unknown,
    options: AckOptions | undefined,
    mayWait = true,
    isFirst = false,
  ): Promise<unknown> {
    const timeoutMs = ackTimeout(options);
    if (event !== PROBE) checkReserved(event);
    const ask = ++this.#lastAsk;
    const encode = this.send(
      (codec) => codec.withAsk(codec.encode(event, payload), ask),
      mayWait,
      isFirst,
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const fail = (code: ErrorCode, why: string) =>
          reject(new EngineError(code, `no answer to '${event}': ${why}`));
        timer = setTimeout(fail, timeoutMs, 'ERR_ACK_TIMEOUT', `${timeoutMs} ms are over`);
        this.#asks.set(ask, { encode, resolve, fail });
        if (this.connection.state === 'closed') this.#failAsks();
      });
    } finally {
      clearTimeout(timer);
      this.#asks.delete(ask);
      this.#queue.delete(encode); // nobody waits for its answer any more
    }
  }

  /**
   * Sends a message now, or later.
   * @param isFirst whether it goes ahead of messages that wait for the greeting
   * @returns the message as it waits
   * @throws EngineError ERR_QUEUE_FULL, and what `encode` throws
   */
  send(encode: Encode, mayWait = true, isFirst = false): Encode {
    const { state, socket } = this.connection;
    const { maxQueuedMessages: most = 1000, maxBufferedBytes = 2 ** 20 } = this.options;
    const message = this.#codec && encode(this.#codec);
    if (socket && message !== undefined && (isFirst || !this.#greetings)) {
      const isStalled = (socket.bufferedAmount as number) > maxBufferedBytes;
      if (mayWait || !isStalled) socket.send(message as string);
      return encode;
    }
    if (!mayWait || state === 'closed') return encode;
    if (this.#queue.size >= most) {
      throw new EngineError('ERR_QUEUE_FULL', `maxQueuedMessages (${most}) wait already`);
    }
    const kept = message?.slice(); // the page may use its bytes again before they are sent
    const waiting = kept === undefined ? encode : () => kept;
    this.#queue.add(waiting);
    return waiting;
  }

  /**
   * Ends the client for good: messages that wait are dropped, asks fail now.
   * @throws EngineError ERR_CLOSE_CODE
   */
  end(code?: number, reason?: string): void {
    this.connection.close(code, reason);
    this.#queue.clear();
    this.#failAsks();
  }

  /** Loads the codec. */
  prepare(): Promise<unknown> | undefined {
    if (this.#codec) return undefined;
    return import('../../shared/codec/msgpack-codec.ts').then(({ createMsgpackCodec }) => {
      this.#codec = createMsgpackCodec(this.#codecOptions);
    });
  }

  opened(protocol: string): void {
    const { acks = true, idleTimeoutMs = 60_000 } = this.options;
    this.#serverAnswers = impliesAnswers(protocol);
    this.#received = this.#waiting = 0;
    if (acks && !this.#serverAnswers) this.send((codec) => codec.encodeHello(), false, true);
    if (idleTimeoutMs) this.#watch = setInterval(() => this.#checkLife(), idleTimeoutMs);
    this.#greetings = 0;
    this.#isAnnounced = false;
    this.#greet((first) => this.hooks.tell('greet', first) ?? []);
  }

  /** Calls a listener for connections that has come late, where there is one already. */
  meet(fn: Handler<never>): void {
    const call = (first?: FirstEmitter<AnyEvents>) => [callHandler(fn, first as never, '', report)];
    if (!this.connection.socket) return;
    if (fn.length > 0) this.#greet(call);
    else if (this.#isAnnounced) call();
  }

  /** Lets listeners speak first, and all others when they have done: a login may come first. */
  #greet(greet: (first: FirstEmitter<AnyEvents>) => unknown[]): void {
    const { socket } = this.connection;
    const isCurrent = () => socket === this.connection.socket;
    const done = () => isCurrent() && --this.#greetings === 0 && this.#greeted();
    this.#greetings++;
    const results = greet({
      emit: (event, payload) => isCurrent() && this.send(encodeEvent(event, payload), false, true),
      emitMessage: (data) =>
        isCurrent() && this.send((codec) => codec.encodeMessage(data), false, true),
      emitWithAck: async (event, payload, options) => {
        if (isCurrent()) return this.ask(event, payload, options, false, true);
        throw new EngineError('ERR_CONNECTION_ENDED', 'the connection has ended');
      },
    });
    for (const result of results) {
      if (!(result instanceof Promise)) continue;
      this.#greetings++;
      result.then(done, () => isCurrent() && this.connection.abandon());
    }
    done();
  }

  #greeted(): void {
    // A copy: a message that the WebSocket does not take after all waits again.
    for (const encode of [...this.#queue]) {
      this.#queue.delete(encode);
      this.#try(() => this.send(encode));
    }
    if (this.#isAnnounced) return;
    this.#isAnnounced = true; // first: a listener that adds another has that called at once
    this.hooks.tell('connect', undefined);
  }

  retrying(attempt: ReconnectAttempt): void {
    this.hooks.tell('reconnecting', attempt);
  }

  ended(end: Disconnection): void {
    clearInterval(this.#watch);
    if (this.#unheard > 1) console.warn(`${this.#unheard} such errors`);
    this.#unheard = 0;
    if (!end.willReconnect) this.#queue.clear();
    this.#failAsks();
    this.hooks.tell('disconnect', end);
  }

  /** Fails the asks that have been sent: no other connection knows of them. */
  #failAsks(): void {
    for (const { encode, fail } of this.#asks.values()) {
      if (!this.#queue.has(encode)) fail('ERR_CONNECTION_ENDED', 'the connection ended');
    }
  }

  received(message: Message): void {
    this.#hasHeard = true;
    this.#try(() => {
      const decoded = (this.#codec as Codec).decode(message);
      const { native, event, payload, ask, answerTo, failure } = decoded as Parts;
      if (native !== undefined) {
        this.hooks.tell('message', native);
      } else if (event && !ask) {
        this.events.tell(event, payload);
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
    const { socket } = this.connection;
    let answer = codec.encodeFailure(ask, 'no handler');
    try {
      const result = this.events.ask(event, payload);
      if (result) answer = codec.encodeAnswer(ask, await result);
    } catch (error) {
      this.report(error);
      answer = codec.encodeFailure(ask, 'the handler failed'); // why is not the server's business
    }
    // To the connection that asked: for the next one, the number is that of another ask.
    // A server that asks and does not read waits for its answers in vain.
    if (socket && !((socket.bufferedAmount as number) > 1e7)) socket.send(answer as string);
  }

  /** Asks a silent server whether it is there: browsers hide the pings of a server. */
  #checkLife(): void {
    const { socket } = this.connection;
    if (socket && !this.#showsLife(socket) && this.#serverAnswers) this.#probe(socket);
  }

  /** @param isLast whether no answer is an end, even if this side has stood still */
  #probe(socket: WebSocketLike, isLast = false): void {
    const { probeTimeoutMs = 10_000 } = this.options;
    const askedAt = Date.now();
    this.ask(PROBE, undefined, { timeoutMs: probeTimeoutMs }, true, true).catch(({ code }) => {
      if (code !== 'ERR_ACK_TIMEOUT' || socket !== this.connection.socket) return;
      if (this.#showsLife(socket)) return;
      // Where the timer is late, the answer may have come, and lie unread.
      const isLate = Date.now() - askedAt > 2 * probeTimeoutMs;
      if (isLate && !isLast) this.#probe(socket, true);
      else this.connection.abandon();
    });
  }

  /** Whether a message has come since the last look, or any byte has moved. */
  #showsLife(socket: WebSocketLike): boolean {
    const received = receivedBytes(socket);
    const waiting = socket.bufferedAmount as number;
    const showsLife = this.#hasHeard || received > this.#received || waiting < this.#waiting;
    this.#received = received;
    this.#waiting = waiting;
    this.#hasHeard = false;
    return showsLife;
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.tellError(error);
    }
  }

  /** Tells the error listeners, or the console. */
  tellError(error: unknown): void {
    // A server that sends many must not fill the console.
    if (!this.hooks.tell('error', error) && ++this.#unheard === 1) console.warn(error);
  }
}
