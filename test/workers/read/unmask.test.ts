import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { turnMask, unmask } from '../../../src/workers/read/unmask.ts';

const keys = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((key) => Buffer.from(key));

/** Bytes at any alignment, and a part of them, short or long. */
const parts = fc
  .record({
    offset: fc.nat(8),
    start: fc.nat(20),
    length: fc.oneof(fc.nat(20), fc.integer({ min: 100, max: 400 })),
    behind: fc.nat(20),
  })
  .map(({ offset, start, length, behind }) => {
    const storage = Buffer.alloc(offset + start + length + behind).map((_, i) => i * 7);
    return { bytes: Buffer.from(storage.buffer, offset), start, end: start + length };
  });

function xored({ bytes, start, end }: { bytes: Buffer; start: number; end: number }, key: Buffer) {
  return bytes.map((byte, at) =>
    at < start || at >= end ? byte : byte ^ (key[(at - start) % 4] as number),
  );
}

describe('unmasking', () => {
  test('changes each byte by its byte of the key, and none outside the part', () => {
    fc.assert(
      fc.property(parts, keys, (part, key) => {
        const expect = xored(part, key);
        unmask(part.bytes, part.start, part.end, key.readInt32LE(0));
        assert.deepEqual(part.bytes, Buffer.from(expect));
      }),
      { numRuns: 500 },
    );
  });

  test('in two steps with the mask turned between does the same as in one', () => {
    fc.assert(
      fc.property(parts, keys, fc.nat(), (part, key, cut) => {
        const expect = xored(part, key);
        const mask = key.readInt32LE(0);
        const middle = part.start + (cut % (part.end - part.start + 1));
        unmask(part.bytes, part.start, middle, mask);
        unmask(part.bytes, middle, part.end, turnMask(mask, middle - part.start));
        assert.deepEqual(part.bytes, Buffer.from(expect));
      }),
      { numRuns: 500 },
    );
  });
});
