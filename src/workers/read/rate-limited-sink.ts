import type { EngineError } from '../../shared/api/errors.ts';
import type { ResolvedRateLimit } from '../../shared/options/rate-limit-options.ts';
import type { FrameSink } from './frame-reader.ts';
import { RateLimiter, type Verdict } from './rate-limiter.ts';

/** The sink of a connection whose client may send so much, and no more. */
export interface LimitedSink extends FrameSink {
  readonly isOpen: boolean;
  /** The client lives: it has answered a ping. */
  heardPong(): void;
  /** Tells the handlers of an error that the connection survives. */
  failed(error: EngineError): void;
}

/** Stands between a connection and its frame reader where the server has a `rateLimit`. */
export class RateLimitedSink implements FrameSink {
  readonly #sink: LimitedSink;
  readonly #limiter: RateLimiter;
  /** Whether the message that is read is compressed and has been counted, but for its bytes. */
  #isCounted = false;

  private constructor(sink: LimitedSink, limiter: RateLimiter) {
    this.#sink = sink;
    this.#limiter = limiter;
  }

  /** Undefined where there is no limit. */
  static of(
    sink: LimitedSink,
    rateLimit: ResolvedRateLimit | undefined,
    now: number,
  ): RateLimitedSink | undefined {
    return rateLimit && new RateLimitedSink(sink, new RateLimiter(rateLimit, now));
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
    if (!this.#sink.isOpen) return false;
    this.#isCounted = this.#settle(this.#limiter.takeMessage(performance.now()));
    return this.#isCounted;
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    const isCounted = this.#isCounted;
    this.#isCounted = false;
    if (this.#mayPass(data.length, isCounted)) this.#sink.onMessage(data, isBinary);
  }

  onPing(data: Buffer): void {
    if (this.#mayPass(data.length)) this.#sink.onPing(data);
  }

  onPong(data: Buffer): void {
    if (this.#mayPass(data.length)) this.#sink.onPong(data);
    else this.#sink.heardPong(); // it lives, however much it says
  }

  onClose(code: number, reason: string): void {
    this.#sink.onClose(code, reason);
  }

  onViolation(error: EngineError): void {
    this.#sink.onViolation(error);
  }

  /** Whether the client may send so much now; does what is due where not. */
  #mayPass(bytes: number, isCounted = false): boolean {
    if (!this.#sink.isOpen) return true; // it has ended: the sink knows what to do
    const now = performance.now();
    const limiter = this.#limiter;
    return this.#settle(isCounted ? limiter.takeBytes(bytes, now) : limiter.take(bytes, now));
  }

  #settle(excess: Verdict): boolean {
    if (excess === undefined || excess === 'again') return excess === undefined;
    if (excess.closeCode !== undefined) this.#sink.onViolation(excess);
    else this.#sink.failed(excess);
    return false;
  }
}
