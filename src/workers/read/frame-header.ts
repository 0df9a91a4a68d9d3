import type { Buffer } from 'node:buffer';
import {
  FIN,
  headerBytesOf,
  LENGTH_CODE_BITS,
  LENGTH_CODES,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_UINT16_PAYLOAD_BYTES,
  OPCODE_BITS,
  OPCODES,
  payloadBytesOf,
  RSV1,
} from '../../shared/codec/frame.ts';

// The frame is drawn in src/shared/codec/frame.ts.
const RSV_BITS = 0x70;
const MASK_BIT = 0x80;
const MASK_BYTES = 4;

/** Bytes that a client's control frame may have at most, its header included. */
export const MAX_CONTROL_FRAME_BYTES = 2 + MASK_BYTES + MAX_CONTROL_PAYLOAD_BYTES;

/** The result of {@link FrameHeader.read}. */
export type HeaderState = 'whole' | 'partial' | 'illegal' | 'tooLarge';

/** The header of a client's frame, checked strictly by RFC 6455 §5; one object reads all. */
export class FrameHeader {
  opcode = 0;
  /** True for the last frame of a message. */
  isFinal = false;
  /** True for the first frame of a compressed message (RFC 7692 §6). */
  isCompressed = false;
  /** Bytes of the header itself, with the masking key. */
  headerBytes = 0;
  /** Bytes of payload; above 2^53 rounded, but still above it. */
  payloadBytes = 0;
  /** The masking key, its first byte lowest. */
  mask = 0;
  /** The rule that an illegal header breaks, in words. */
  violation: string | undefined;
  readonly #mayBeCompressed: boolean;

  /** @param mayBeCompressed whether permessage-deflate has been agreed on */
  constructor(mayBeCompressed = false) {
    this.#mayBeCompressed = mayBeCompressed;
  }

  /** True for close, ping and pong, RFC 6455 §5.5. */
  get isControl(): boolean {
    return isControlOpcode(this.opcode);
  }

  /**
   * Checks as much of the header at `at` as has arrived, at least one byte, and reads it when it
   * is whole.
   * @param isContinued true between the fragments of a message
   * @param maxPayloadBytes the limit of a data frame
   * @returns 'partial' if bytes are missing: then call it again from the start of the header.
   *   Control frames are small, and 'whole' only with their payload.
   */
  read(bytes: Buffer, at: number, isContinued: boolean, maxPayloadBytes: number): HeaderState {
    const arrived = bytes.length - at;
    const first = bytes[at] as number;
    this.opcode = first & OPCODE_BITS;
    this.isFinal = (first & FIN) !== 0;
    this.isCompressed = this.#mayBeCompressed && beginsCompressed(first);
    const plain = this.isCompressed ? first & ~RSV1 : first;
    this.violation = firstByteViolation(plain) ?? sequenceViolation(this.opcode, isContinued);
    if (this.violation !== undefined) return 'illegal';

    if (arrived < 2) return 'partial';
    const second = bytes[at + 1] as number;
    this.violation = secondByteViolation(second, this.isControl);
    if (this.violation !== undefined) return 'illegal';

    const lengthCode = second & LENGTH_CODE_BITS;
    const lengthEnd = headerBytesOf(lengthCode);
    if (arrived < lengthEnd) return 'partial';
    this.payloadBytes = payloadBytesOf(bytes, at);
    if (lengthCode >= LENGTH_CODES.UINT16) {
      this.violation = longLengthViolation(lengthCode, bytes[at + 2] as number, this.payloadBytes);
      if (this.violation !== undefined) return 'illegal';
    }
    if (!this.isControl && this.payloadBytes > maxPayloadBytes) return 'tooLarge';

    this.headerBytes = lengthEnd + MASK_BYTES;
    if (arrived < this.headerBytes + (this.isControl ? this.payloadBytes : 0)) return 'partial';
    this.mask = bytes.readInt32LE(at + lengthEnd);
    return 'whole';
  }
}

function isControlOpcode(opcode: number): boolean {
  return opcode >= OPCODES.CLOSE;
}

/** Returns whether RSV1 is set on the first frame of a message, where RFC 7692 §6 defines it. */
export function beginsCompressed(first: number): boolean {
  const opcode = first & OPCODE_BITS;
  return (first & RSV1) !== 0 && (opcode === OPCODES.TEXT || opcode === OPCODES.BINARY);
}

function firstByteViolation(first: number): string | undefined {
  const opcode = first & OPCODE_BITS;
  if ((first & RSV_BITS) !== 0) {
    return 'a reserved bit is set that no extension agreed on gives a meaning';
  }
  if (opcode > OPCODES.PONG || (opcode > OPCODES.BINARY && opcode < OPCODES.CLOSE)) {
    return `opcode ${opcode} is reserved`;
  }
  if (isControlOpcode(opcode) && (first & FIN) === 0) return 'a control frame is fragmented';
  return undefined;
}

/** Checks the order of frames: control frames may come at any place, RFC 6455 §5.4. */
function sequenceViolation(opcode: number, isContinued: boolean): string | undefined {
  if (opcode === OPCODES.CONTINUATION) {
    return isContinued ? undefined : 'a continuation frame continues no message';
  }
  if (!isContinued || isControlOpcode(opcode)) return undefined;
  return 'a new message begins before the last fragment of another';
}

function secondByteViolation(second: number, isControl: boolean): string | undefined {
  if ((second & MASK_BIT) === 0) return 'a frame from a client must be masked';
  if (isControl && (second & LENGTH_CODE_BITS) > MAX_CONTROL_PAYLOAD_BYTES) {
    return `a control frame has more than ${MAX_CONTROL_PAYLOAD_BYTES} bytes of payload`;
  }
  return undefined;
}

/** Checks that a length needs its 16 or 64 bits, and that the highest of 64 is clear: §5.2. */
function longLengthViolation(
  lengthCode: number,
  highestByte: number,
  payloadBytes: number,
): string | undefined {
  const isUint64 = lengthCode === LENGTH_CODES.UINT64;
  if (isUint64 && highestByte >= 0x80) return 'the highest bit of a payload length is set';
  if (payloadBytes > (isUint64 ? MAX_UINT16_PAYLOAD_BYTES : LENGTH_CODES.UINT16 - 1)) {
    return undefined;
  }
  return `a payload length of ${payloadBytes} is written in more bytes than it needs`;
}
