import { EngineError } from '../api/errors.ts';
import {
  applyRules,
  type Filled,
  integer,
  oneOf,
  optionError,
  type Rules,
} from './option-rules.ts';

/** The rate at which a client may send: of each kind so much a second, and so much at once. */
export interface RateLimit {
  /** Messages, pings and pongs: 1 to 2^30. Default: no limit. */
  messagesPerSecond?: number | undefined;
  /** The most of them that may come at once: 1 to 2^30. Default: messagesPerSecond. */
  burstMessages?: number | undefined;
  /** Their bytes, without the headers of frames: 1 to 2^40. Default: no limit. */
  bytesPerSecond?: number | undefined;
  /** Bytes that may come at once: maxMessageSize to 2^40. Default: bytesPerSecond, or the least. */
  burstBytes?: number | undefined;
  /** Reaction to more: close with 1008, or ignore whole messages. Default 'close'. */
  exceeded?: 'close' | 'drop' | undefined;
}

/** A {@link RateLimit} with defaults filled in. */
export type ResolvedRateLimit = Filled<RateLimit, Exclude<keyof RateLimit, 'exceeded'>>;

const RATE_RULES: Rules<ResolvedRateLimit> = {
  messagesPerSecond: integer(1, 2 ** 30),
  burstMessages: integer(1, 2 ** 30),
  bytesPerSecond: integer(1, 2 ** 40),
  burstBytes: integer(1, 2 ** 40),
  exceeded: oneOf<'close' | 'drop'>(['close', 'drop'], 'close'),
};

/**
 * Checks a rate limit and fills in the defaults; undefined: there is none.
 * @throws EngineError ERR_OPTION
 */
export function resolveRateLimit(
  limit: RateLimit | undefined,
  maxMessageSize: number,
): ResolvedRateLimit | undefined {
  if (limit === undefined) return undefined;
  const resolved = applyRules(RATE_RULES, limit, 'rateLimit.');
  const { messagesPerSecond, bytesPerSecond } = resolved;
  if (messagesPerSecond === undefined && bytesPerSecond === undefined) {
    const message = 'rateLimit: it has neither messagesPerSecond nor bytesPerSecond';
    throw new EngineError('ERR_OPTION', message);
  }
  resolved.burstMessages ??= messagesPerSecond;
  if (bytesPerSecond !== undefined) {
    resolved.burstBytes ??= Math.max(bytesPerSecond, maxMessageSize);
    if (resolved.burstBytes < maxMessageSize) {
      const allowed = `at least maxMessageSize (${maxMessageSize})`;
      throw optionError('rateLimit.burstBytes', resolved.burstBytes, allowed);
    }
  }
  return resolved;
}
