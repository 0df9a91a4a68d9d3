/** Bytes that a kept frame costs beside its own, about: its buffer, key and place in the map. */
const KEPT_FRAME_BYTES = 256;

/** The newest frame of each key, in the order in which they were sent. */
export class LatestMessages {
  readonly #maxBytes: number;
  readonly #onDropped: (bytes: number) => void;
  readonly #frames = new Map<string | symbol, Buffer>();
  #bytes = 0;

  /**
   * @param maxBytes the limit of {@link LatestMessages.bytes}
   * @param onDropped is told the bytes of each frame that is kept no more
   */
  constructor(maxBytes: number, onDropped: (bytes: number) => void) {
    this.#maxBytes = maxBytes;
    this.#onDropped = onDropped;
  }

  /** The cost of the frames: their bytes, and 256 for keeping each. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Keeps a copy of a frame in place of the one before it with the same key. The oldest ones are
   * dropped above the limit; the newest is kept whatever its size.
   * @param key undefined: nothing replaces it
   */
  keep(key: string | undefined, frame: Buffer): void {
    const place = key ?? Symbol();
    const older = this.#frames.get(place);
    if (older !== undefined) this.#drop(place, older);
    // A copy: the frame may be a small part of memory that would be kept with it.
    const isAsLong = older?.length === frame.length;
    const kept = isAsLong ? older : Buffer.allocUnsafeSlow(frame.length);
    frame.copy(kept);
    this.#frames.set(place, kept); // behind all others
    this.#bytes += frame.length + KEPT_FRAME_BYTES;
    for (const [oldest, bytes] of this.#frames) {
      if (this.#bytes <= this.#maxBytes || this.#frames.size === 1) break;
      this.#drop(oldest, bytes);
    }
  }

  /** Hands out all frames, to be sent. */
  takeAll(): Iterable<Buffer> {
    const frames = [...this.#frames.values()];
    this.#frames.clear();
    this.#bytes = 0;
    return frames;
  }

  /** Drops all frames. */
  dropAll(): void {
    for (const [key, frame] of this.#frames) this.#drop(key, frame);
  }

  #drop(key: string | symbol, frame: Buffer): void {
    this.#frames.delete(key);
    this.#bytes -= frame.length + KEPT_FRAME_BYTES;
    this.#onDropped(frame.length);
  }
}
