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

const MAX_WINDOW_BITS = 15;
const FLUSH_BYTES = 4; // the 00 00 ff ff that a sender takes off, section 7.2.1

/** Compresses finished frames for connections that agreed to it, without context takeover. */
export class FrameDeflater {
  readonly #threshold: number;
  readonly #level: number;

  constructor({ threshold, level }: NonNullable<ResolvedCompression>) {
    this.#threshold = threshold;
    this.#level = level;
  }

  /** Whether it is worth trying: messages from `threshold` bytes on, and no control frames. */
  takes(frame: Buffer): boolean {
    const opcode = opcodeOf(frame);
    if (opcode !== OPCODES.TEXT && opcode !== OPCODES.BINARY) return false;
    return frame.length - payloadStartOf(frame) >= this.#threshold;
  }

  /** What of a frame goes to one connection; `windowBits` as for {@link FrameForms.for}. */
  formFor(windowBits: number, frame: Buffer): Buffer {
    if (windowBits === 0 || !this.takes(frame)) return frame;
    return this.deflate(frame, windowBits);
  }

  /**
   * The largest window that may serve for a smaller one: where a frame is no longer than that,
   * nothing reaches back further.
   */
  windowFor(frame: Buffer, windowBits: number): number {
    return frame.length <= 2 ** windowBits ? MAX_WINDOW_BITS : windowBits;
  }

  /**
   * The frame with its payload compressed; the frame itself where that is no shorter.
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

/** One message for many: as it is, and compressed once for each kind of window. */
export class FrameForms<Form> {
  readonly #deflater: FrameDeflater;
  readonly #frame: Buffer;
  readonly #plain: Form;
  readonly #wrap: (frame: Buffer) => Form;
  readonly #deflated = new Map<number, Form>();

  /**
   * @param plain the frame as it is, as its user keeps it
   * @param wrap makes the same of a compressed frame
   */
  constructor(deflater: FrameDeflater, frame: Buffer, plain: Form, wrap: (frame: Buffer) => Form) {
    this.#deflater = deflater;
    this.#frame = frame;
    this.#plain = plain;
    this.#wrap = wrap;
  }

  /** @param windowBits of the connection that it is for; 0 = nothing is compressed for it */
  for(windowBits: number): Form {
    if (windowBits === 0) return this.#plain;
    const window = this.#deflater.windowFor(this.#frame, windowBits);
    let form = this.#deflated.get(window);
    if (form === undefined) {
      const deflated = this.#deflater.deflate(this.#frame, window);
      form = deflated === this.#frame ? this.#plain : this.#wrap(deflated);
      this.#deflated.set(window, form);
    }
    return form;
  }
}
