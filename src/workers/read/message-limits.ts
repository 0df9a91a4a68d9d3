import { constants } from 'node:buffer';

/** Limits that a frame reader holds a client to. */
export interface FrameLimits {
  /** Bytes that a message may have, over all its fragments; 0 and up. */
  readonly maxMessageSize: number;
  /**
   * Bytes that a text may have, where that is less. Default: the characters of the longest string
   * of V8, since each byte may be one.
   */
  readonly maxTextSize?: number;
  /** Frames that a message may have; 1 and up. */
  readonly maxFragments: number;
}

/** The bytes that a message may have, inflated. */
export class MessageLimits {
  readonly #maxMessageSize: number;
  readonly #maxTextSize: number;

  constructor({ maxMessageSize, maxTextSize = constants.MAX_STRING_LENGTH }: FrameLimits) {
    this.#maxMessageSize = maxMessageSize;
    this.#maxTextSize = Math.min(maxTextSize, maxMessageSize);
  }

  /** Whether texts may have as many as others. */
  get areOne(): boolean {
    return this.#maxTextSize === this.#maxMessageSize;
  }

  of(isBinary: boolean): number {
    return isBinary ? this.#maxMessageSize : this.#maxTextSize;
  }
}
