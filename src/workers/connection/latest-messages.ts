/** What keeping a frame costs beside its bytes, about: its buffer, its key, its place in the map. */
const KEPT_FRAME_BYTES = 256;

/** Of each key the newest frame, in the order in which they were sent. */
export class LatestMessages {
  readonly #maxBytes: number;
  readonly #onDropped: (bytes: number) => void;
  readonly #frames = new Map<string | symbol, Buffer>();
  #bytes = 0;

  /**
   * @param maxBytes what the frames may cost: their bytes, and 256 for keeping each
   * @param onDropped is told how many bytes a frame had that is kept no more
   */
  constructor(maxBytes: number, onDropped: (bytes: number) => void) {
    this.#maxBytes = maxBytes;
    this.#onDropped = onDropped;
  }

  /** What the frames cost, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Keeps a copy of a frame, in the place of the one before it with the same key. Where that would
   * cost too much the oldest ones go; the newest is kept whatever its size.
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

  /** Gives up all frames. */
  dropAll(): void {
    for (const [key, frame] of this.#frames) this.#drop(key, frame);
  }

  #drop(key: string | symbol, frame: Buffer): void {
    this.#frames.delete(key);
    this.#bytes -= frame.length + KEPT_FRAME_BYTES;
    this.#onDropped(frame.length);
  }
}
