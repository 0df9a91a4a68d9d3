import { EngineError } from '../../shared/api/errors.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import type { ResolvedRateLimit } from '../../shared/options/rate-limit-options.ts';

/**
 * Undefined: it may pass. Else an error for the first that may not, and 'again' for those behind it;
 * the error has a closeCode where the connection is to be closed.
 */
export type Verdict = EngineError | 'again' | undefined;

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
   */
  take(bytes: number, now: number): Verdict {
    this.#fill(now);
    if (!this.#messages.has(1)) return this.#exceeded('messagesPerSecond');
    return this.#takeBytes(bytes, 1);
  }

  /** As {@link RateLimiter.take}, of a message whose bytes are not known yet. */
  takeMessage(now: number): Verdict {
    this.#fill(now);
    if (!this.#messages.has(1)) return this.#exceeded('messagesPerSecond');
    this.#messages.take(1);
    return undefined;
  }

  /** As {@link RateLimiter.take}, of a message that has been counted, and has passed. */
  takeBytes(bytes: number, now: number): Verdict {
    this.#fill(now);
    return this.#takeBytes(bytes, 0);
  }

  /** From now on the client is not read from. */
  held(now: number): void {
    this.#fill(now);
  }

  /** It is again: what it has sent meanwhile comes at once. */
  released(now: number): void {
    this.#messages.overfill(now - this.#filledAt);
    this.#bytes.overfill(now - this.#filledAt);
    this.#filledAt = now;
  }

  #takeBytes(bytes: number, messages: number): Verdict {
    if (!this.#bytes.has(bytes)) return this.#exceeded('bytesPerSecond');
    this.#messages.take(messages);
    this.#bytes.take(bytes);
    this.#isExceeded = false;
    return undefined;
  }

  #exceeded(name: 'messagesPerSecond' | 'bytesPerSecond'): EngineError | 'again' {
    if (this.#isExceeded) return 'again';
    this.#isExceeded = true;
    const options =
      this.#limit.exceeded === 'close' ? { closeCode: CLOSE_CODES.POLICY_VIOLATION } : {};
    const message = `more than rateLimit.${name} (${this.#limit[name]})`;
    return new EngineError('ERR_RATE_LIMIT', message, options);
  }

  #fill(now: number): void {
    this.#messages.fill(now - this.#filledAt);
    this.#bytes.fill(now - this.#filledAt);
    this.#filledAt = now;
  }
}

/** Without a limit the bucket is never empty. */
function bucketOf(perSecond = Number.POSITIVE_INFINITY, burst = perSecond): TokenBucket {
  return new TokenBucket(Number.isFinite(perSecond) ? perSecond : 0, burst);
}
