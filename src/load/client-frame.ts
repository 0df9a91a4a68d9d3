import { frameHeaderBytes, type Opcode, writeFrameHeader } from '../shared/codec/frame.ts';

/*
 * A client's frame, RFC 6455 §5.2: as a server's, with MASK set and a masking key. The key here is
 * four zeros: the payload goes out as it is, so that a frame can be made once and sent again.
 */

const MASK = 0x80;
const KEY_BYTES = 4;

/** Builds a finished frame of a client. @param payload at most 2^32 − 1 bytes */
export function buildClientFrame(opcode: Opcode, payload: Uint8Array): Buffer {
  const lengthEnd = frameHeaderBytes(payload.length);
  const frame = Buffer.alloc(lengthEnd + KEY_BYTES + payload.length);
  writeFrameHeader(frame, 0, opcode, payload.length);
  frame[1] = (frame[1] as number) | MASK;
  frame.set(payload, lengthEnd + KEY_BYTES);
  return frame;
}
