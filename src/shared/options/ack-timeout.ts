import type { AckOptions } from '../api/public-types.ts';
import { checkOptions, integer, MAX_MS } from './option-rules.ts';

const ACK_RULES = { timeoutMs: integer(1, MAX_MS) };

/** The time to wait for answers, in milliseconds. @throws EngineError ERR_OPTION */
export function ackTimeout(options: AckOptions = {}): number {
  checkOptions(ACK_RULES, options, '', 'the options of emitWithAck');
  return options.timeoutMs ?? 10_000;
}
