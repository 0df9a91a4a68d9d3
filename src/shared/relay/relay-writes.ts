/** Calls back when a write has gone. */
export type Done = (error?: Error | null) => void;

/** A chunk of a stream that several writes wait in. */
interface Entry {
  readonly chunk: Buffer;
}

/** The writes of a stream whose socket is in another thread: they go there in parts, one at a time. */
export class RelayWrites {
  readonly #mostAtOnce: number;
  readonly #send: (bytes: Uint8Array) => void;
  #onWritten: (() => void) | undefined;
  #takenBytes = 0;

  /**
   * @param mostAtOnce bytes that are on their way at a time
   * @param send sends a part; {@link RelayWrites.written} is due when the socket has taken it
   */
  constructor(mostAtOnce: number, send: (bytes: Uint8Array) => void) {
    this.#mostAtOnce = mostAtOnce;
    this.#send = send;
  }

  /** Bytes that the socket has taken. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Notes that the part on its way has been taken: the next one follows. */
  written(): void {
    const onWritten = this.#onWritten;
    this.#onWritten = undefined;
    onWritten?.();
  }

  /** Writes a chunk, as `_write` of a stream. */
  write(chunk: Buffer, done: Done): void {
    const bytes = new Uint8Array(chunk.subarray(0, this.#mostAtOnce)); // not the pool that it may be in
    const rest = chunk.subarray(bytes.length);
    this.#onWritten = () => {
      this.#takenBytes += bytes.length;
      if (rest.length === 0) done();
      else this.write(rest, done);
    };
    this.#send(bytes);
  }

  /** Writes several chunks, as `_writev` of a stream: small ones are joined. */
  writeAll(entries: readonly Entry[], done: Done): void {
    let bytes = 0;
    const beyond = entries.findIndex(({ chunk }) => {
      bytes += chunk.length;
      return bytes > this.#mostAtOnce;
    });
    // A copy of all would stay here for as long as the client does not read.
    const first = beyond === -1 ? entries : entries.slice(0, Math.max(1, beyond));
    const rest = entries.slice(first.length);
    const [{ chunk }] = first as [Entry];
    const joined = first.length === 1 ? chunk : Buffer.concat(first.map((entry) => entry.chunk));
    this.write(joined, rest.length === 0 ? done : () => this.writeAll(rest, done));
  }
}
