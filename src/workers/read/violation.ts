import { EngineError } from '../../shared/api/errors.ts';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';

/**
 * Makes the error of a client that broke a rule: ERR_MESSAGE_SIZE with 1009, else ERR_PROTOCOL.
 * @param closeCode 1002, 1007, 1008 or 1009
 */
export function violation(closeCode: number, message: string): EngineError {
  const code = closeCode === CLOSE_CODES.MESSAGE_TOO_BIG ? 'ERR_MESSAGE_SIZE' : 'ERR_PROTOCOL';
  return new EngineError(code, message, { closeCode });
}

/** Makes the error of a text message that is not valid UTF-8. */
export function invalidText(): EngineError {
  return violation(CLOSE_CODES.INVALID_PAYLOAD, 'a text message is not valid UTF-8');
}

/**
 * Makes the error of a message that is too large.
 * @param size its bytes so far
 * @param maxMessageSize in bytes
 */
export function tooLarge(size: number, maxMessageSize: number): EngineError {
  const text = `a message has ${size} bytes, maxMessageSize is ${maxMessageSize}`;
  return violation(CLOSE_CODES.MESSAGE_TOO_BIG, text);
}

/** Makes the error of a message with more fragments than `maxFragments`. */
export function tooManyFragments(maxFragments: number): EngineError {
  const text = `a message has more fragments than maxFragments (${maxFragments})`;
  return violation(CLOSE_CODES.POLICY_VIOLATION, text);
}
