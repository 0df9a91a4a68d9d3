import type { EngineError } from '../shared/errors.ts';
import type { FrameSink } from './frame-reader.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { ServerWebSocket } from './web-socket.ts';

/** Stands between a connection and its frame reader where the server has a `rateLimit`. */
export class RateLimitedSink implements FrameSink {
  readonly #socket: ServerWebSocket;
  readonly #limiter: RateLimiter;

  private constructor(socket: ServerWebSocket, limiter: RateLimiter) {
    this.#socket = socket;
    this.#limiter = limiter;
  }

  /** Undefined where there is no limit. */
  static of(socket: ServerWebSocket, now: number): RateLimitedSink | undefined {
    const { rateLimit } = socket.server.config;
    return rateLimit && new RateLimitedSink(socket, new RateLimiter(rateLimit, now));
  }

  /** From now on the peer is not read from. */
  held(): void {
    this.#limiter.held(performance.now());
  }

  /** It is again. */
  released(): void {
    this.#limiter.released(performance.now());
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#mayPass(data.length)) this.#socket.onMessage(data, isBinary);
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

  /** Whether the peer may send so much now; does what is due where not. */
  #mayPass(bytes: number): boolean {
    if (!this.#socket.isOpen) return true; // it has ended: the socket knows what to do
    const excess = this.#limiter.take(bytes, performance.now());
    if (excess === undefined || excess === 'again') return excess === undefined;
    if (excess.closeCode !== undefined) this.#socket.onViolation(excess);
    else this.#socket.server.dispatch.failed(this.#socket, excess);
    return false;
  }
}
