import type { EngineError } from '../../../src/shared/api/errors.ts';
import { FrameReader, type FrameSink } from '../../../src/workers/read/frame-reader.ts';
import type { FrameLimits } from '../../../src/workers/read/message-limits.ts';

/** Writes down each call in the notation of test/conformance/frame-case.ts. */
export class RecordingSink implements FrameSink {
  readonly outcomes: string[] = [];
  readonly violations: EngineError[] = [];
  /** Runs within each call, behind the note. */
  onCall: (outcome: string) => void = () => {};

  onMessage(data: Buffer, isBinary: boolean): void {
    this.#note(isBinary ? `binary ${data.toString('hex')}` : `text ${data}`);
  }

  onPing(data: Buffer): void {
    this.#note(`ping ${data.toString('hex')}`);
  }

  onPong(data: Buffer): void {
    this.#note(`pong ${data.toString('hex')}`);
  }

  onClose(code: number, reason: string): void {
    this.#note(`close ${code} ${reason}`);
  }

  onViolation(error: EngineError): void {
    this.violations.push(error);
    this.#note(`violation ${error.closeCode}`);
  }

  #note(outcome: string): void {
    this.outcomes.push(outcome);
    this.onCall(outcome);
  }
}

/** Reads a copy of the chunk, and then overwrites it, as the next read of a socket would. */
export function readChunk(reader: FrameReader, chunk: Uint8Array): void {
  const reused = Buffer.from(chunk);
  reader.read(reused);
  reused.fill(0xee);
}

/** What a new reader makes of some chunks. */
export function outcomesOf(
  limits: FrameLimits,
  chunks: Iterable<Uint8Array>,
  inflates = false,
): string[] {
  const sink = new RecordingSink();
  const reader = new FrameReader(limits, sink, inflates);
  for (const chunk of chunks) readChunk(reader, chunk);
  return sink.outcomes;
}

/** Cuts bytes into chunks of these sizes, in turn. */
export function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
