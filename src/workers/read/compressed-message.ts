import type { Buffer } from 'node:buffer';
import { CLOSE_CODES } from '../../shared/codec/frame.ts';
import { type InflateFault, inflateBeginning } from './inflate.ts';
import { validUtf8End } from './utf8-validator.ts';

/** Bytes that each frame may add: what ends a block, so that the frame can be inflated by itself. */
const FRAME_BYTES = 16;

/** How much more has to have come before what has come is looked at again. */
const GROWTH = 1.25;

/**
 * Bytes that a compressed message may have: more than any compressor needs for a message of
 * `maxMessageSize` (zlib's compressBound adds an eighth and a 64th at most).
 * @param frames frames of the message so far
 */
export function maxCompressedBytes(maxMessageSize: number, frames: number): number {
  const expansion = (maxMessageSize >> 3) + (maxMessageSize >> 6) + 2 * FRAME_BYTES;
  return maxMessageSize + expansion + frames * FRAME_BYTES;
}

/** What is known of a compressed message when it begins. */
export interface MessageKind {
  readonly isBinary: boolean;
  /** Whether it is worth inflating: somebody wants it. */
  readonly isWanted: boolean;
}

/** A compressed message that comes in several pieces, as far as more than its bytes is of interest. */
export class CompressedMessage implements MessageKind {
  readonly isBinary: boolean;
  readonly isWanted: boolean;
  readonly #maxMessageSize: number;
  #checkedBytes = 0;

  constructor(isBinary: boolean, isWanted: boolean, maxMessageSize: number) {
    this.isBinary = isBinary;
    this.isWanted = isWanted;
    this.#maxMessageSize = maxMessageSize;
  }

  /**
   * Looks at what has come of it, when a frame that is not the last has ended: what cannot become
   * a legal message need not be waited for. It is inflated from its start each time, so only once
   * it has grown by a quarter: that bounds the work to five times what the whole message takes.
   * @param beginning the compressed bytes so far
   */
  check(beginning: Buffer): InflateFault | undefined {
    if (!this.isWanted || beginning.length < GROWTH * this.#checkedBytes) return undefined;
    this.#checkedBytes = beginning.length;
    const inflated = inflateBeginning(beginning, this.#maxMessageSize);
    if (!('buffer' in inflated)) return inflated;
    if (this.isBinary || validUtf8End(inflated, 0, inflated.length) !== undefined) return undefined;
    return { closeCode: CLOSE_CODES.INVALID_PAYLOAD, message: 'a text message is not valid UTF-8' };
  }
}
