import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  allocateRing,
  CONSUMER_WORD,
  claimBytes,
  PRODUCER_WORD,
} from '../../../src/shared/ring/ring-layout.ts';
import { RingReader } from '../../../src/shared/ring/ring-reader.ts';
import { RingWriter } from '../../../src/shared/ring/ring-writer.ts';

const CAPACITY = 2048;
const PATTERN = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 31 + (i >> 8)) & 255));

interface Piece {
  content: Buffer;
  remaining: number;
}

type Step =
  | { do: 'write'; offset: number; length: number; remaining: number }
  | { do: 'read'; throwAt: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      offset: fc.nat(2000),
      length: fc.oneof(fc.nat(CAPACITY / 8 - 8), fc.nat(40)),
      remaining: fc.nat(2 ** 30),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const), throwAt: fc.nat(30) }) },
);

const startPosition = fc
  .tuple(fc.constantFrom(0, 2 ** 31, 2 ** 32), fc.integer({ min: -600, max: 600 }))
  .map(([base, lines]) => (base + lines * 8) | 0);

/** Reads until the handler throws at the record with this index; everything if there is none. */
function readUntil(reader: RingReader, throwAt: number): Piece[] {
  const pieces: Piece[] = [];
  const stop = new Error('stop');
  try {
    reader.read((bytes, start, end, remaining) => {
      pieces.push({ content: Buffer.from(bytes.subarray(start, end)), remaining });
      if (pieces.length > throwAt) throw stop;
    });
  } catch (error) {
    assert.equal(error, stop);
  }
  return pieces;
}

test('a ring does what an array of records does, within its capacity', () => {
  fc.assert(
    fc.property(
      startPosition,
      fc.array(step, { maxLength: 300, size: 'max' }),
      (position, steps) => {
        const memory = allocateRing(CAPACITY);
        const words = new Int32Array(memory);
        words[PRODUCER_WORD] = position;
        words[CONSUMER_WORD] = position;
        const writer = new RingWriter(memory);
        const reader = new RingReader(memory, () => {});
        let model: Piece[] = [];

        for (const now of steps) {
          if (now.do === 'write') {
            const { offset, length, remaining } = now;
            const content = PATTERN.subarray(offset, offset + length);
            const isWritten = writer.tryWrite(PATTERN, offset, offset + length, remaining);
            if (isWritten) model.push({ content, remaining });
            const claimed = model.reduce((sum, piece) => sum + claimBytes(piece.content.length), 0);
            assert.ok(claimed <= CAPACITY, 'more in the ring than it can hold');
            // Padding before a piece, or lost behind it, is less than the piece; so is its own size.
            assert.ok(isWritten || claimed + 3 * (CAPACITY / 8) > CAPACITY, 'refused too early');
          } else {
            const pieces = readUntil(reader, now.throwAt);
            assert.deepEqual(pieces, model.slice(0, now.throwAt + 1));
            model = model.slice(now.throwAt + 1);
          }
          assert.equal(reader.isEmpty(), model.length === 0);
        }
        assert.deepEqual(readUntil(reader, Infinity), model);
      },
    ),
    { numRuns: 300 },
  );
});
