import { EngineError } from '../../shared/api/errors.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import type { ResolvedRateLimit } from '../../shared/options/rate-limit-options.ts';

/**
 * Undefined where data may pass; else an error for the first that may not, and 'again' for those
 * behind it. The error has a closeCode where the connection is to be closed.
 */
export type Verdict = EngineError | 'again' | undefined;

/** Tokens that come at a rate, up to a burst. */
class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  tokens: number;

  /** Without a limit the bucket is never empty. */
  constructor(perSecond = Number.POSITIVE_INFINITY, burst = perSecond) {
    this.#perSecond = Number.isFinite(perSecond) ? perSecond : 0;
    this.#burst = burst;
    this.tokens = burst;
  }

  /** Adds the tokens of a time, up to `max` in all. */
  fill(elapsedMs: number, max = this.#burst): void {
    const filled = this.tokens + (elapsedMs / 1000) * this.#perSecond;
    this.tokens = Math.max(this.tokens, Math.min(max, filled));
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
    this.#messages = new TokenBucket(messagesPerSecond, burstMessages);
    this.#bytes = new TokenBucket(bytesPerSecond, burstBytes);
    this.#filledAt = now;
  }

  /**
   * Counts a message, a ping or a pong.
   * @param bytes of its payload
   */
  take(bytes: number, now: number): Verdict {
    this.#fill(now);
    if (this.#messages.tokens < 1) return this.#exceeded('messagesPerSecond');
    return this.#takeBytes(bytes, 1);
  }

  /** Counts a message whose bytes are not known yet. */
  takeMessage(now: number): Verdict {
    this.#fill(now);
    if (this.#messages.tokens < 1) return this.#exceeded('messagesPerSecond');
    this.#messages.tokens -= 1;
    return undefined;
  }

  /** Counts the bytes of a message that has been counted, and has passed. */
  takeBytes(bytes: number, now: number): Verdict {
    this.#fill(now);
    return this.#takeBytes(bytes, 0);
  }

  /** Notes that the client is not read from any more. */
  held(now: number): void {
    this.#fill(now);
  }

  /** Notes that it is read from again: all that it has sent meanwhile comes at once. */
  released(now: number): void {
    this.#fill(now, Number.POSITIVE_INFINITY);
  }

  #takeBytes(bytes: number, messages: number): Verdict {
    if (this.#bytes.tokens < bytes) return this.#exceeded('bytesPerSecond');
    this.#messages.tokens -= messages;
    this.#bytes.tokens -= bytes;
    this.#isExceeded = false;
    return undefined;
  }

  #exceeded(name: 'messagesPerSecond' | 'bytesPerSecond'): EngineError | 'again' {
    if (this.#isExceeded) return 'again';
    this.#isExceeded = true;
    const closes = this.#limit.exceeded === 'close';
    return new EngineError('ERR_RATE_LIMIT', `more than rateLimit.${name} (${this.#limit[name]})`, {
      closeCode: closes ? CLOSE_CODES.POLICY_VIOLATION : undefined,
    });
  }

  #fill(now: number, max?: number): void {
    this.#messages.fill(now - this.#filledAt, max);
    this.#bytes.fill(now - this.#filledAt, max);
    this.#filledAt = now;
  }
}
