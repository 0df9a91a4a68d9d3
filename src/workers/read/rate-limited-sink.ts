import type { EngineError } from '../../shared/api/errors.ts';
import type { ServerWebSocket } from '../connection/web-socket.ts';
import type { FrameSink } from './frame-reader.ts';
import { RateLimiter, type Verdict } from './rate-limiter.ts';

/** Stands between a connection and its frame reader where the server has a `rateLimit`. */
export class RateLimitedSink implements FrameSink {
  readonly #socket: ServerWebSocket;
  readonly #limiter: RateLimiter;
  /** Whether the message that is read is compressed and has been counted, but for its bytes. */
  #isCounted = false;

  private constructor(socket: ServerWebSocket, limiter: RateLimiter) {
    this.#socket = socket;
    this.#limiter = limiter;
  }

  /** Undefined where there is no limit. */
  static of(socket: ServerWebSocket, now: number): RateLimitedSink | undefined {
    const { rateLimit } = socket.server.options;
    return rateLimit && new RateLimitedSink(socket, new RateLimiter(rateLimit, now));
  }

  /** From now on the client is not read from. */
  held(): void {
    this.#limiter.held(performance.now());
  }

  /** It is again. */
  released(): void {
    this.#limiter.released(performance.now());
  }

  /** What inflates a message, or looks at how it begins, costs more than what refuses it. */
  onCompressed(): boolean {
    if (!this.#socket.isOpen) return false;
    this.#isCounted = this.#settle(this.#limiter.takeMessage(performance.now()));
    return this.#isCounted;
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    const isCounted = this.#isCounted;
    this.#isCounted = false;
    if (this.#mayPass(data.length, isCounted)) this.#socket.onMessage(data, isBinary);
  }

  onPing(data: Buffer): void {
    if (this.#mayPass(data.length)) this.#socket.onPing(data);
  }

  onPong(data: Buffer): void {
    if (this.#mayPass(data.length)) this.#socket.onPong(data);
    else this.#socket.liveness.pong(); // it lives, however much it says
  }

  onClose(code: number, reason: string): void {
    this.#socket.onClose(code, reason);
  }

  onViolation(error: EngineError): void {
    this.#socket.onViolation(error);
  }

  /** Whether the client may send so much now; does what is due where not. */
  #mayPass(bytes: number, isCounted = false): boolean {
    if (!this.#socket.isOpen) return true; // it has ended: the socket knows what to do
    const now = performance.now();
    const limiter = this.#limiter;
    return this.#settle(isCounted ? limiter.takeBytes(bytes, now) : limiter.take(bytes, now));
  }

  #settle(excess: Verdict): boolean {
    if (excess === undefined || excess === 'again') return excess === undefined;
    if (excess.closeCode !== undefined) this.#socket.onViolation(excess);
    else this.#socket.server.dispatch.failed(this.#socket, excess);
    return false;
  }
}
