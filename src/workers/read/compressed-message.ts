import type { Buffer } from 'node:buffer';
import { EngineError } from '../../shared/api/errors.ts';
import { inflateBeginning } from './inflate.ts';
import { validUtf8End } from './utf8-validator.ts';
import { invalidText } from './violation.ts';

/** Bytes that each frame may add to end a block, so that it can be inflated by itself. */
const FRAME_BYTES = 16;

/** The factor by which a message has grown before its bytes are looked at again. */
const GROWTH = 1.25;

/**
 * Returns the bytes that a compressed message may have. No compressor needs as many for a message
 * of `maxMessageSize`: zlib's compressBound adds an eighth and a 64th at most.
 * @param frames frames of the message so far
 */
export function maxCompressedBytes(maxMessageSize: number, frames: number): number {
  const expansion = (maxMessageSize >> 3) + (maxMessageSize >> 6) + 2 * FRAME_BYTES;
  return maxMessageSize + expansion + frames * FRAME_BYTES;
}

/** Checks a compressed message that comes in several pieces before it is whole. */
export class CompressedMessage {
  readonly isBinary: boolean;
  /** Whether it is inflated in the end; else it is only read. */
  readonly isWanted: boolean;
  readonly #maxMessageSize: number;
  #checkedBytes = 0;

  constructor(isBinary: boolean, isWanted: boolean, maxMessageSize: number) {
    this.isBinary = isBinary;
    this.isWanted = isWanted;
    this.#maxMessageSize = maxMessageSize;
  }

  /**
   * Checks the message when a frame that is not the last has ended: one that cannot become legal
   * need not be waited for. It is inflated from its start each time, so only once it has grown by a
   * quarter. That limits the work to five times that of the whole message.
   * @param beginning the compressed bytes so far
   */
  check(beginning: Buffer): EngineError | undefined {
    if (!this.isWanted || beginning.length < GROWTH * this.#checkedBytes) return undefined;
    this.#checkedBytes = beginning.length;
    const inflated = inflateBeginning(beginning, this.#maxMessageSize);
    if (inflated instanceof EngineError) return inflated;
    if (this.isBinary || validUtf8End(inflated, 0, inflated.length) !== undefined) return undefined;
    return invalidText();
  }
}
