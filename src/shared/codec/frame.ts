import { Buffer } from 'node:buffer';
import { EngineError } from '../api/errors.ts';

/*
 * A frame, RFC 6455 §5.2. Ours have FIN set, RSV1–3 clear and no masking key; a client's frames
 * are masked, and its messages may be fragmented: src/workers/read/frame-reader.ts reads those.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |F|R|R|R| opcode|M| length code |  payload length, big-endian:  |
 *     |I|S|S|S|  (4)  |A|     (7)     |  absent  if the code is < 126 |
 *     |N|V|V|V|       |S|             |  16 bits if the code is 126   |
 *     | |1|2|3|       |K|             |  64 bits if the code is 127   |
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |  masking key, 4 bytes, if MASK is set                         |
 *     +---------------------------------------------------------------+
 *     |  payload                                                      |
 *     +---------------------------------------------------------------+
 */

/** The kinds of frames, RFC 6455 §5.2; from 8 upwards they are control frames. */
export const OPCODES = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
} as const;

/** One of {@link OPCODES}. */
export type Opcode = (typeof OPCODES)[keyof typeof OPCODES];

/** The opcode of a control frame, RFC 6455 §5.5. */
export type ControlOpcode = typeof OPCODES.CLOSE | typeof OPCODES.PING | typeof OPCODES.PONG;

/** Codes of close frames and close events, RFC 6455 §7.4.1 and the IANA registry behind it. */
export const CLOSE_CODES = {
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  /** Never sent: the client's close frame had no code. */
  NO_STATUS: 1005,
  /** Never sent: there was no close frame. */
  ABNORMAL: 1006,
  INVALID_PAYLOAD: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  TRY_AGAIN_LATER: 1013,
  /** Of fanring: as an HTTP 401. */
  TOKEN_EXPIRED: 4401,
} as const;

/** Bytes that the payload of a control frame may have at most, RFC 6455 §5.5. */
export const MAX_CONTROL_PAYLOAD_BYTES = 125;

/** Bytes that a close reason may have at most in UTF-8: the close code takes 2 of the payload. */
const MAX_CLOSE_REASON_BYTES = MAX_CONTROL_PAYLOAD_BYTES - 2;

/** Length codes with 2 or 8 bytes of payload length behind them; smaller ones are the length. */
export const LENGTH_CODES = { UINT16: 126, UINT64: 127 } as const;

/** The largest payload length, in bytes, that is written in 16 bits. */
export const MAX_UINT16_PAYLOAD_BYTES = 0xffff;

/** Bit of a frame's first byte: the frame is the last one of its message. */
export const FIN = 0x80;

/** Bit of a frame's first byte: the frame begins a compressed message, RFC 7692 §6. */
export const RSV1 = 0x40;

/** Bits of a frame's first byte: the opcode. */
export const OPCODE_BITS = 0x0f;

/** Bits of a frame's second byte: the length code, behind the mask bit. */
export const LENGTH_CODE_BITS = 0x7f;

/** The opcode of a whole frame, or of one that begins at `at`. */
export function opcodeOf(bytes: Buffer, at = 0): Opcode {
  return ((bytes[at] as number) & OPCODE_BITS) as Opcode;
}

/** Bytes of a frame's header without a masking key. @param lengthCode without the mask bit */
export function headerBytesOf(lengthCode: number): 2 | 4 | 10 {
  if (lengthCode < LENGTH_CODES.UINT16) return 2;
  return lengthCode === LENGTH_CODES.UINT16 ? 4 : 10;
}

/** The offset of the payload in a whole frame that is not masked, as ours are. */
export function payloadStartOf(frame: Buffer): 2 | 4 | 10 {
  return headerBytesOf(frame[1] as number);
}

/**
 * Reads the bytes of payload that a frame has; above 2^53 rounded, but still above it.
 * @param at where in `bytes` the frame begins; its length has to be there as a whole
 */
export function payloadBytesOf(bytes: Buffer, at: number): number {
  const lengthCode = (bytes[at + 1] as number) & LENGTH_CODE_BITS;
  if (lengthCode < LENGTH_CODES.UINT16) return lengthCode;
  if (lengthCode === LENGTH_CODES.UINT16) return bytes.readUInt16BE(at + 2);
  return bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
}

/** Bytes that the header of an unmasked frame has, by its bytes of payload, 0 and up. */
export function frameHeaderBytes(payloadBytes: number): 2 | 4 | 10 {
  if (payloadBytes < LENGTH_CODES.UINT16) return 2;
  return payloadBytes <= MAX_UINT16_PAYLOAD_BYTES ? 4 : 10;
}

/**
 * Writes the header of an unmasked frame with FIN set.
 * @param offset where in `target` it begins, in bytes
 * @param payloadBytes bytes of payload, 0 and up
 * @returns the offset behind the header, where the payload goes
 */
export function writeFrameHeader(
  target: Buffer,
  offset: number,
  opcode: Opcode,
  payloadBytes: number,
): number {
  target[offset] = FIN | opcode;
  if (payloadBytes < LENGTH_CODES.UINT16) {
    target[offset + 1] = payloadBytes;
    return offset + 2;
  }
  if (payloadBytes <= MAX_UINT16_PAYLOAD_BYTES) {
    target[offset + 1] = LENGTH_CODES.UINT16;
    return target.writeUInt16BE(payloadBytes, offset + 2);
  }
  target[offset + 1] = LENGTH_CODES.UINT64;
  target.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), offset + 2);
  return target.writeUInt32BE(payloadBytes >>> 0, offset + 6);
}

/**
 * Frames a message behind bytes that the caller fills in: `[prefix][frame header][payload]`.
 * @param message a string becomes a text frame, a lone surrogate in it U+FFFD; bytes become a
 *   binary frame and are copied
 * @param prefixBytes bytes left free in front of the frame, 0 and up; their content is undefined
 * @returns a buffer of its own, with nothing behind the frame
 */
export function encodeFrame(message: string | Uint8Array, prefixBytes: number): Buffer {
  const isText = typeof message === 'string';
  // Measured with 16 to 1000 characters: to guess three bytes for each is no faster, and wastes
  // memory.
  const payloadBytes = isText ? Buffer.byteLength(message) : message.byteLength;
  const frame = Buffer.allocUnsafe(prefixBytes + frameHeaderBytes(payloadBytes) + payloadBytes);
  const opcode = isText ? OPCODES.TEXT : OPCODES.BINARY;
  const payloadAt = writeFrameHeader(frame, prefixBytes, opcode, payloadBytes);
  if (isText) frame.write(message, payloadAt);
  else frame.set(message, payloadAt);
  return frame;
}

/** Frames a message: {@link encodeFrame} with nothing in front. */
export function buildFrame(message: string | Uint8Array): Buffer {
  return encodeFrame(message, 0);
}

const NO_PAYLOAD = new Uint8Array(0);

/**
 * Builds a ping, pong or close frame, RFC 6455 §5.5; for close see {@link buildCloseFrame}.
 * @param payload 0 to 125 bytes
 * @throws EngineError ERR_PAYLOAD if the payload is longer
 */
export function buildControlFrame(opcode: ControlOpcode, payload: Uint8Array = NO_PAYLOAD): Buffer {
  if (payload.byteLength > MAX_CONTROL_PAYLOAD_BYTES) {
    const limit = `a control frame carries at most ${MAX_CONTROL_PAYLOAD_BYTES} bytes`;
    throw new EngineError('ERR_PAYLOAD', `${limit}, got ${payload.byteLength}`);
  }
  const frame = Buffer.allocUnsafe(2 + payload.byteLength);
  frame.set(payload, writeFrameHeader(frame, 0, opcode, payload.byteLength));
  return frame;
}

/**
 * Builds a close frame, RFC 6455 §5.5.1.
 * @param code see {@link isValidCloseCode}; without one the payload is empty (the client sees 1005)
 * @param reason 0 to 123 bytes in UTF-8; only with a code
 * @throws EngineError ERR_CLOSE_CODE as {@link checkClose}
 */
export function buildCloseFrame(code?: number, reason = ''): Buffer {
  checkClose(code, reason);
  if (code === undefined) return buildControlFrame(OPCODES.CLOSE);
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  payload.write(reason, payload.writeUInt16BE(code, 0));
  return buildControlFrame(OPCODES.CLOSE, payload);
}

/**
 * Checks what is to go into a close frame.
 * @param code undefined = none
 * @throws EngineError ERR_CLOSE_CODE if the code may not be sent, the reason is longer than 123
 *   bytes in UTF-8, or a reason has no code
 */
export function checkClose(code: number | undefined, reason: string): void {
  if (code === undefined && reason !== '') {
    throw new EngineError('ERR_CLOSE_CODE', 'a close reason needs a close code before it');
  }
  if (code !== undefined && !isValidCloseCode(code)) {
    const allowed = '1000-1003, 1007-1014 or 3000-4999';
    throw new EngineError('ERR_CLOSE_CODE', `close code ${code} may not be sent, only ${allowed}`);
  }
  const reasonBytes = Buffer.byteLength(reason);
  if (reasonBytes > MAX_CLOSE_REASON_BYTES) {
    const limit = `a close reason has at most ${MAX_CLOSE_REASON_BYTES} bytes of UTF-8`;
    throw new EngineError('ERR_CLOSE_CODE', `${limit}, got ${reasonBytes}`);
  }
}

/**
 * Whether a close code may stand in a close frame, ours or a client's: 1000–1014 without 1004, 1005
 * and 1006, and 3000–4999. RFC 6455 §7.4 and the IANA registry that it founds (1012–1014).
 */
export function isValidCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
}
