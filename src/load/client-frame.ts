import { LENGTH_CODES, MAX_UINT16_PAYLOAD_BYTES, type Opcode } from '../shared/frame.ts';

/*
 * A client's frame, RFC 6455 §5.2: as a server's, with MASK set and a masking key. The key here is
 * four zeros: the payload goes out as it is, so that a frame can be made once and sent again.
 */

const FIN = 0x80;
const MASK = 0x80;
const KEY_BYTES = 4;

/**
 * Builds a finished frame of a client.
 * @param payload at most 2^32 − 1 bytes
 */
export function buildClientFrame(opcode: Opcode, payload: Uint8Array): Buffer {
  const { length } = payload;
  const lengthBytes = length < LENGTH_CODES.UINT16 ? 0 : length <= MAX_UINT16_PAYLOAD_BYTES ? 2 : 8;
  const start = 2 + lengthBytes + KEY_BYTES;
  const frame = Buffer.alloc(start + length);
  frame[0] = FIN | opcode;
  if (lengthBytes === 0) {
    frame[1] = MASK | length;
  } else if (lengthBytes === 2) {
    frame[1] = MASK | LENGTH_CODES.UINT16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = MASK | LENGTH_CODES.UINT64;
    frame.writeUInt32BE(length, 6);
  }
  frame.set(payload, start);
  return frame;
}
