import { deserialize } from 'node:v8';
import type { Several } from '../spread/selection.ts';
import { frameStartOf, HEADER_BYTES, type RecordKind } from './records.ts';

/**
 * One record as its receiver reads it. A view is reused for all records of a mailbox, and its bytes
 * lie in a ring. Neither may be kept beyond the call that got them.
 */
export class RecordView {
  #bytes: Buffer = Buffer.alloc(HEADER_BYTES);
  #start = 0;
  #end = HEADER_BYTES;
  /** The thread that sent the record, as a peer. */
  from = 0;

  /** Looks at another record: `bytes` from `start` to `end`. */
  at(bytes: Buffer, start: number, end: number, from: number): this {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.from = from;
    return this;
  }

  get kind(): RecordKind {
    return this.#bytes[this.#start] as RecordKind;
  }

  /** The codec of PUBLISH, PUBLISH_SEVERAL and JOIN: its index among those of the server. */
  get codec(): number {
    return this.#flag;
  }

  /** The number of codecs that the server of a COMMAND has. */
  get codecs(): number {
    return this.#flag;
  }

  /** Whether a MESSAGE is binary. */
  get isBinary(): boolean {
    return this.#flag === 1;
  }

  /** Whether answers to asks follow a DISCONNECT, and go ahead of the close. */
  get owesAnswers(): boolean {
    return this.#flag === 1;
  }

  /** Whether a SEND is the answer to a client that asks whether we are there. */
  get isProbeAnswer(): boolean {
    return this.#flag === 1;
  }

  /** The number of the server; 0 in a PROBE. */
  get server(): number {
    return this.#bytes.readUInt32LE(this.#start + 4);
  }

  /** The number of the connection; 0 = none. */
  get connection(): number {
    return this.#bytes.readDoubleLE(this.#start + 8);
  }

  /** The room. */
  get name(): string {
    return this.#bytes.toString('utf8', this.#start + HEADER_BYTES, this.#bodyStart);
  }

  /** The members of a PUBLISH_SEVERAL, by rooms and ids. */
  get several(): Several {
    const text = this.#bytes.toString('utf8', this.#bodyStart + 4, this.#frameStart);
    return JSON.parse(text) as Several;
  }

  /** The frame of a PUBLISH or PUBLISH_SEVERAL, copied out of the ring. */
  copyFrame(): Buffer {
    return this.#copyFrom(this.#frameStart);
  }

  /** The body, copied out of the ring. */
  copyBody(): Buffer {
    return this.#copyFrom(this.#bodyStart);
  }

  /** The body as text. */
  text(): string {
    return this.#bytes.toString('utf8', this.#bodyStart, this.#end);
  }

  /** The body as the value that it is JSON of. */
  json<Body>(): Body {
    return JSON.parse(this.text()) as Body;
  }

  /** The body as the value that it is a structured clone of; its bytes are parts of the copy. */
  clone<Body>(): Body {
    return deserialize(this.copyBody()) as Body;
  }

  /** The close code and the reason of a DISCONNECT or DISCONNECTED. */
  close(): { code: number; reason: string } {
    const start = this.#bodyStart;
    const reason = this.#bytes.toString('utf8', start + 2, this.#end);
    return { code: this.#bytes.readUInt16LE(start), reason };
  }

  /** The time at which a PROBE was sent, in nanoseconds of the clock that all threads share. */
  get sentAt(): bigint {
    return this.#bytes.readBigInt64LE(this.#bodyStart);
  }

  get #flag(): number {
    return this.#bytes[this.#start + 1] as number;
  }

  get #bodyStart(): number {
    return this.#start + HEADER_BYTES + this.#bytes.readUInt16LE(this.#start + 2);
  }

  get #frameStart(): number {
    return frameStartOf(this.#bytes, this.#start);
  }

  #copyFrom(start: number): Buffer {
    const copy = Buffer.allocUnsafe(this.#end - start);
    this.#bytes.copy(copy, 0, start, this.#end);
    return copy;
  }
}
