import { isUtf8 } from 'node:buffer';
import { CLOSE_CODES, isValidCloseCode } from '../../shared/codec/frame.ts';

/** What a close frame says, RFC 6455 section 5.5.1; its code is 1005 where it has none. */
export interface ClosePayload {
  readonly code: number;
  readonly reason: string;
}

/** Why a close frame must not be as it is. */
export interface CloseFault {
  readonly closeCode: typeof CLOSE_CODES.PROTOCOL_ERROR | typeof CLOSE_CODES.INVALID_PAYLOAD;
  readonly message: string;
}

/** Reads the payload of a close frame, unmasked. */
export function readClosePayload(payload: Buffer): ClosePayload | CloseFault {
  if (payload.length === 0) return { code: CLOSE_CODES.NO_STATUS, reason: '' };
  if (payload.length === 1) {
    return {
      closeCode: CLOSE_CODES.PROTOCOL_ERROR,
      message: 'a close frame has one byte of payload, not a whole close code',
    };
  }
  const code = payload.readUInt16BE(0);
  if (!isValidCloseCode(code)) {
    return {
      closeCode: CLOSE_CODES.PROTOCOL_ERROR,
      message: `close code ${code} must not stand in a close frame`,
    };
  }
  const reason = payload.subarray(2);
  if (isUtf8(reason)) return { code, reason: reason.toString() };
  return { closeCode: CLOSE_CODES.INVALID_PAYLOAD, message: 'a close reason is not valid UTF-8' };
}
