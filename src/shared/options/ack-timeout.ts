import { EngineError } from '../api/errors.ts';
import type { AckOptions } from '../api/public-types.ts';

/**
 * The time to wait for answers, in milliseconds.
 * @throws EngineError ERR_OPTION
 */
export function ackTimeout(options: AckOptions = {}): number {
  if (options === null || typeof options !== 'object') {
    throw new EngineError('ERR_OPTION', `the options of emitWithAck: ${options} is no object`);
  }
  const { timeoutMs = 10_000, ...others } = options;
  for (const name of Object.keys(others)) {
    throw new EngineError('ERR_OPTION', `${name}: no such option; there is timeoutMs`);
  }
  if (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs < 2 ** 31) return timeoutMs;
  const message = `timeoutMs: ${timeoutMs} is not a whole number from 1 to ${2 ** 31 - 1}`;
  throw new EngineError('ERR_OPTION', message);
}
