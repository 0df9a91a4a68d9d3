import { EngineError } from '../shared/errors.ts';
import { CLOSE_CODES } from '../shared/frame.ts';
import type { ResolvedRateLimit } from '../shared/rate-limit.ts';

/** Tokens that come at a rate, up to a burst. */
class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  fill(elapsedMs: number): void {
    this.#tokens = Math.max(this.#tokens, Math.min(this.#burst, this.#after(elapsedMs)));
  }

  /** As {@link TokenBucket.fill}, past the burst. */
  overfill(elapsedMs: number): void {
    this.#tokens = this.#after(elapsedMs);
  }

  has(tokens: number): boolean {
    return this.#tokens >= tokens;
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }

  #after(elapsedMs: number): number {
    return this.#tokens + (elapsedMs / 1000) * this.#perSecond;
  }
}

/** Holds one connection to its server's `rateLimit`. All times are ms, monotonic. */
export class RateLimiter {
  readonly #limit: ResolvedRateLimit;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  #filledAt: number;
  #isExceeded = false;

  constructor(limit: ResolvedRateLimit, now: number) {
    const { messagesPerSecond, burstMessages, bytesPerSecond, burstBytes } = limit;
    this.#limit = limit;
    this.#messages = bucketOf(messagesPerSecond, burstMessages);
    this.#bytes = bucketOf(bytesPerSecond, burstBytes);
    this.#filledAt = now;
  }

  /**
   * Counts a message, a ping or a pong.
   * @param bytes of its payload
   * @returns undefined where it may pass; else an error for the first that may not, and 'again' for
   *   those behind it. The error has a closeCode where the connection is to be closed.
   */
  take(bytes: number, now: number): EngineError | 'again' | undefined {
    this.#fill(now);
    if (this.#messages.has(1) && this.#bytes.has(bytes)) {
      this.#messages.take(1);
      this.#bytes.take(bytes);
      this.#isExceeded = false;
      return undefined;
    }
    if (this.#isExceeded) return 'again';
    this.#isExceeded = true;
    return this.#error();
  }

  /** From now on the peer is not read from. */
  held(now: number): void {
    this.#fill(now);
  }

  /** It is again: what it has sent meanwhile comes at once. */
  released(now: number): void {
    this.#messages.overfill(now - this.#filledAt);
    this.#bytes.overfill(now - this.#filledAt);
    this.#filledAt = now;
  }

  #fill(now: number): void {
    this.#messages.fill(now - this.#filledAt);
    this.#bytes.fill(now - this.#filledAt);
    this.#filledAt = now;
  }

  #error(): EngineError {
    const { messagesPerSecond, bytesPerSecond, exceeded } = this.#limit;
    const [name, value] = this.#messages.has(1)
      ? ['bytesPerSecond', bytesPerSecond]
      : ['messagesPerSecond', messagesPerSecond];
    const options = exceeded === 'close' ? { closeCode: CLOSE_CODES.POLICY_VIOLATION } : {};
    return new EngineError('ERR_RATE_LIMIT', `more than rateLimit.${name} (${value})`, options);
  }
}

/** Without a limit the bucket is never empty. */
function bucketOf(perSecond = Number.POSITIVE_INFINITY, burst = perSecond): TokenBucket {
  return new TokenBucket(Number.isFinite(perSecond) ? perSecond : 0, burst);
}
