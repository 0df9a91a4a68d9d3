import { Buffer } from 'node:buffer';
import { validUtf8End } from './utf8-validator.ts';

const EMPTY = Buffer.alloc(0);

/** Bytes of the first storage: enough for most messages that one chunk does not hold. */
const MIN_STORAGE_BYTES = 256;

/**
 * A message that arrives in several pieces: chunks of one frame, or fragments. Its memory follows
 * the bytes that have arrived, not those that a header claims. It is at most twice as large, or 256
 * bytes, and at most `maxMessageSize`.
 */
export class MessageAssembly {
  /** True if the message began with a binary frame, false if with a text frame. */
  readonly isBinary: boolean;
  /** Frames of this message so far. */
  fragments = 0;
  readonly #maxMessageSize: number;
  #storage: Buffer = EMPTY;
  #byteLength = 0;
  /** The end of the whole, valid characters of a text message. */
  #validEnd = 0;

  constructor(isBinary: boolean, maxMessageSize: number) {
    this.isBinary = isBinary;
    this.#maxMessageSize = maxMessageSize;
  }

  /** The number of bytes that have arrived. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The bytes that have arrived, without a copy. */
  get bytes(): Buffer {
    return this.#storage.subarray(0, this.#byteLength);
  }

  /** False while a text message ends in the middle of a character. */
  get endsWhole(): boolean {
    return this.isBinary || this.#validEnd === this.#byteLength;
  }

  /**
   * Appends a copy of unmasked bytes; all together must not exceed maxMessageSize.
   * @returns false if this is a text message and cannot become valid UTF-8 any more
   */
  append(source: Buffer, start: number, end: number): boolean {
    const byteLength = this.#byteLength + end - start;
    if (byteLength > this.#storage.length) this.#grow(byteLength);
    source.copy(this.#storage, this.#byteLength, start, end);
    this.#byteLength = byteLength;
    if (this.isBinary) return true;
    const validEnd = validUtf8End(this.#storage, this.#validEnd, byteLength);
    if (validEnd === undefined) return false;
    this.#validEnd = validEnd;
    return true;
  }

  /** Doubles the storage, so that the work stays linear however small the pieces are. */
  #grow(byteLength: number): void {
    const roomy = Math.max(2 * this.#storage.length, MIN_STORAGE_BYTES);
    const capacity = Math.max(byteLength, Math.min(roomy, this.#maxMessageSize));
    // Not from the pool: a client that never finishes would keep the whole slab of 64 KiB alive.
    const storage = Buffer.allocUnsafeSlow(capacity);
    this.#storage.copy(storage, 0, 0, this.#byteLength);
    this.#storage = storage;
  }
}
