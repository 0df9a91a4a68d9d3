import type { AckOptions } from '../api/public-types.ts';
import { applyRules, type Filled, integer, MAX_MS, type Rules } from './option-rules.ts';

const ACK_RULES: Rules<Filled<AckOptions>> = { timeoutMs: integer(1, MAX_MS, 10_000) };

/**
 * The time to wait for answers, in milliseconds.
 * @throws EngineError ERR_OPTION
 */
export function ackTimeout(options: AckOptions = {}): number {
  return applyRules(ACK_RULES, options, '', 'the options of emitWithAck').timeoutMs;
}
