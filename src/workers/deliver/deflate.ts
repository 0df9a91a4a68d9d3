import { Buffer } from 'node:buffer';
import { constants, deflateRawSync } from 'node:zlib';
import {
  frameHeaderBytes,
  OPCODES,
  opcodeOf,
  payloadStartOf,
  RSV1,
  writeFrameHeader,
} from '../../shared/codec/frame.ts';
import type { ResolvedCompression } from '../../shared/options/compression-options.ts';

const FLUSH_BYTES = 4; // the 00 00 ff ff that a sender takes off, section 7.2.1

/** Compresses finished frames for connections that agreed to it, without context takeover. */
export class FrameDeflater {
  readonly #threshold: number;
  readonly #level: number;

  constructor({ threshold, level }: NonNullable<ResolvedCompression>) {
    this.#threshold = threshold;
    this.#level = level;
  }

  /** Returns whether it is worth trying: messages from `threshold` bytes on, no control frames. */
  takes(frame: Buffer): boolean {
    const opcode = opcodeOf(frame);
    if (opcode !== OPCODES.TEXT && opcode !== OPCODES.BINARY) return false;
    return frame.length - payloadStartOf(frame) >= this.#threshold;
  }

  /** Returns the form of a frame for one connection. @param windowBits 9 to 15; 0 = as it is */
  formFor(windowBits: number, frame: Buffer): Buffer {
    if (windowBits === 0 || !this.takes(frame)) return frame;
    return this.deflate(frame, windowBits);
  }

  /**
   * Compresses the payload of a frame; returns the frame itself where that is no shorter.
   * @param frame one that it {@link takes}
   * @param windowBits 9 to 15
   */
  deflate(frame: Buffer, windowBits: number): Buffer {
    const payload = frame.subarray(payloadStartOf(frame));
    const deflated = deflateRawSync(payload, {
      level: this.#level,
      windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    const bytes = deflated.length - FLUSH_BYTES;
    if (bytes >= payload.length) return frame;
    const result = Buffer.allocUnsafe(frameHeaderBytes(bytes) + bytes);
    const at = writeFrameHeader(result, 0, opcodeOf(frame), bytes);
    result[0] = (result[0] as number) | RSV1;
    deflated.copy(result, at, 0, bytes);
    return result;
  }
}
