import {
  allocateRing,
  CONSUMER_WORD,
  PRODUCER_WORD,
} from '../../../src/shared/ring/ring-layout.ts';
import { RingReader } from '../../../src/shared/ring/ring-reader.ts';
import { RingWriter } from '../../../src/shared/ring/ring-writer.ts';

/** What a reader handed out. */
export interface Piece {
  text: string;
  remaining: number;
}

/** Both ends of a ring of 1 KiB, whose pieces are 120 B at most, from a position on. */
export function openRing(position = 0) {
  const memory = allocateRing(1024);
  const words = new Int32Array(memory);
  words[PRODUCER_WORD] = position;
  words[CONSUMER_WORD] = position;
  let roomCalls = 0;
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory, () => {
    roomCalls += 1;
  });
  return { memory, words, writer, reader, roomCalls: () => roomCalls };
}

/** Writes a text as one piece. */
export function write(writer: RingWriter, text: string, remaining = 0): boolean {
  const bytes = Buffer.from(text);
  return writer.tryWrite(bytes, 0, bytes.length, remaining);
}

/** Reads all that is there. */
export function readAll(reader: RingReader): Piece[] {
  const pieces: Piece[] = [];
  reader.read((bytes, start, end, remaining) => {
    pieces.push({ text: bytes.toString('latin1', start, end), remaining });
  });
  return pieces;
}

/** Reads all that is there, the bytes only. */
export function texts(reader: RingReader): string[] {
  return readAll(reader).map(({ text }) => text);
}

/** Writes records of the size given until there is no room, and says how many went in. */
export function fill(writer: RingWriter, bytes: number): number {
  let records = 0;
  while (write(writer, 'x'.repeat(bytes))) records += 1;
  return records;
}
