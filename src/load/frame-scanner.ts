import {
  FIN,
  headerBytesOf,
  LENGTH_CODE_BITS,
  OPCODE_BITS,
  OPCODES,
  payloadBytesOf,
} from '../shared/codec/frame.ts';

/** Bytes of a message that its sink gets: room for a stamp behind the prefix of a server. */
const HEAD_BYTES = 256;

const MAX_HEADER_BYTES = 10;

/** The receiver of what is found; bytes from `start` to `end` are valid during the call only. */
export interface ScanSink {
  /** A whole message; of a long one the first {@link HEAD_BYTES}. */
  onMessage(bytes: Buffer, start: number, end: number): void;
  onPing(bytes: Buffer, start: number, end: number): void;
  onClose(bytes: Buffer, start: number, end: number): void;
}

/**
 * Finds a server's messages by their headers, without a look at payloads. It copies only the heads
 * of frames that were cut, and of fragments: one load process must outrun the servers that it
 * measures.
 */
export class FrameScanner {
  readonly #sink: ScanSink;
  /** Header and first bytes of a frame that did not come in one chunk. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  /** Bytes of that frame that are still to come behind them. */
  #missing = 0;
  /** The head of a message whose last fragment has not come. */
  #fragment: Buffer | undefined;

  constructor(sink: ScanSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes of the stream: those of `chunk` from `from` to `to`. */
  scan(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#missing > 0) at = this.#pass(at, to);
      else if (this.#heldBytes > 0) at = this.#hold(chunk, at, to);
      else at = this.#take(chunk, at, to);
    }
  }

  /** Delivers a frame straight from its chunk, or holds its beginning. */
  #take(chunk: Buffer, at: number, to: number): number {
    const header = headerBytes(chunk, at, to);
    if (header > 0) {
      const start = at + header;
      const end = start + payloadBytesOf(chunk, at);
      if (end <= to) {
        this.#deliver(chunk, at, start, Math.min(end, start + HEAD_BYTES));
        return end;
      }
    }
    return this.#hold(chunk, at, to);
  }

  #hold(chunk: Buffer, at: number, to: number): number {
    this.#held ??= Buffer.allocUnsafeSlow(MAX_HEADER_BYTES + HEAD_BYTES);
    const before = this.#heldBytes;
    const held = before + chunk.copy(this.#held, before, at, to);
    this.#heldBytes = held;
    const header = headerBytes(this.#held, 0, held);
    if (header === 0) return to;
    const length = payloadBytesOf(this.#held, 0);
    const head = header + Math.min(length, HEAD_BYTES);
    if (held < head) return to;
    this.#heldBytes = head; // bytes behind it stay in the chunk
    this.#missing = header + length - head;
    if (this.#missing === 0) this.#finish();
    return at + head - before;
  }

  /** Passes over payload that nobody looks at. */
  #pass(at: number, to: number): number {
    const passed = Math.min(this.#missing, to - at);
    this.#missing -= passed;
    if (this.#missing === 0) this.#finish();
    return at + passed;
  }

  #finish(): void {
    const held = this.#held as Buffer;
    const end = this.#heldBytes;
    this.#heldBytes = 0;
    this.#deliver(held, 0, headerBytes(held, 0, end), end);
  }

  #deliver(bytes: Buffer, first: number, start: number, end: number): void {
    const byte = bytes[first] as number;
    const opcode = byte & OPCODE_BITS;
    if (opcode === OPCODES.PING) {
      this.#sink.onPing(bytes, start, end);
    } else if (opcode === OPCODES.CLOSE) {
      this.#sink.onClose(bytes, start, end);
    } else if (opcode <= OPCODES.BINARY) {
      const finished = (byte & FIN) !== 0;
      if (opcode !== OPCODES.CONTINUATION) {
        if (finished) this.#sink.onMessage(bytes, start, end);
        else this.#fragment = Buffer.from(bytes.subarray(start, end));
      } else if (finished && this.#fragment !== undefined) {
        this.#sink.onMessage(this.#fragment, 0, this.#fragment.length);
        this.#fragment = undefined;
      }
    }
  }
}

/** The header of a server's frame in bytes; 0 when it has not come as a whole. */
function headerBytes(bytes: Buffer, at: number, to: number): number {
  if (to - at < 2) return 0;
  const size = headerBytesOf((bytes[at + 1] as number) & LENGTH_CODE_BITS);
  return to - at < size ? 0 : size;
}
