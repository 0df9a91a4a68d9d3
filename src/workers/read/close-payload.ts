import { isUtf8 } from 'node:buffer';
import type { EngineError } from '../../shared/api/errors.ts';
import type { DisconnectReason } from '../../shared/api/public-types.ts';
import { CLOSE_CODES, isValidCloseCode } from '../../shared/codec/frame.ts';
import { violation } from './violation.ts';

/**
 * Reads the unmasked payload of a close frame, RFC 6455 section 5.5.1.
 * @returns code 1005 where the frame has none; an error where the payload is illegal
 */
export function readClosePayload(payload: Buffer): DisconnectReason | EngineError {
  if (payload.length === 0) return { code: CLOSE_CODES.NO_STATUS, reason: '' };
  if (payload.length === 1) {
    const message = 'a close frame has one byte of payload, not a whole close code';
    return violation(CLOSE_CODES.PROTOCOL_ERROR, message);
  }
  const code = payload.readUInt16BE(0);
  if (!isValidCloseCode(code)) {
    const message = `close code ${code} must not stand in a close frame`;
    return violation(CLOSE_CODES.PROTOCOL_ERROR, message);
  }
  const reason = payload.subarray(2);
  if (isUtf8(reason)) return { code, reason: reason.toString() };
  return violation(CLOSE_CODES.INVALID_PAYLOAD, 'a close reason is not valid UTF-8');
}
