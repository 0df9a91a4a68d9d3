import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { frame } from '../conformance/client-frames.ts';
import { broken, STREAM_LIMITS, sizes } from '../workers/read/client-streams.ts';
import { cut, outcomesOf } from '../workers/read/recording-sink.ts';
import { referenceOutcomes } from '../workers/read/reference-reader.ts';
import type { FuzzTarget } from './target.ts';

/** Bytes that look like frames more often than noise does: first bytes, lengths, masks of zeros. */
const likely = fc
  .array(fc.constantFrom(0x81, 0x82, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a, 0xfe, 0xff, 0x61, 0xc3))
  .map((bytes) => Uint8Array.from(bytes));
/** The bytes at the ends of the ranges of UTF-8, and letters. */
const edges = fc.constantFrom(
  ...[0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf],
  ...[0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5],
);
/** Text that is almost UTF-8, in one frame or several, the last of them cut anywhere. */
const texts = fc
  .tuple(
    fc.array(fc.array(edges, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    fc.nat(6),
    fc.boolean(),
  )
  .map(([parts, missing, isFinal]) => {
    const frames = parts.map((part, i) => {
      const fin = isFinal && i === parts.length - 1 ? 0x80 : 0;
      return frame(fin | (i === 0 ? 1 : 0), Uint8Array.from(part));
    });
    const bytes = Buffer.concat(frames);
    return bytes.subarray(0, bytes.length - missing);
  });
const limits = fc.record({
  maxMessageSize: fc.constantFrom(1, 50, STREAM_LIMITS.maxMessageSize),
  maxFragments: fc.constantFrom(1, 2, STREAM_LIMITS.maxFragments),
});
/** A control frame, as long as it may be: what the reader may have to hold. */
const MAX_HELD_BYTES = 131;

/** Runs something, and fails where it allocates a larger buffer than it may. */
function withinBytes<Result>(maxBytes: number, run: () => Result): Result {
  const { allocUnsafeSlow, concat } = Buffer;
  let largest = 0;
  const noting =
    <Args extends unknown[], Made extends Buffer>(make: (...args: Args) => Made) =>
    (...args: Args): Made => {
      const made = make.apply(Buffer, args);
      largest = Math.max(largest, made.length);
      return made;
    };
  Buffer.allocUnsafeSlow = noting(allocUnsafeSlow) as typeof allocUnsafeSlow;
  Buffer.concat = noting(concat) as typeof concat;
  try {
    return run();
  } finally {
    Object.assign(Buffer, { allocUnsafeSlow, concat });
    assert.ok(largest <= maxBytes, `a buffer of ${largest} bytes, at most ${maxBytes}`);
  }
}

/** The reader never throws, stays within its limits, and does as the slow one, however cut. */
export const frameTarget: FuzzTarget = {
  name: 'frames',
  share: 260,
  property: () =>
    fc.property(
      fc.oneof(broken, likely, texts, fc.uint8Array({ maxLength: 200 })),
      sizes,
      limits,
      (input, chunkSizes, frameLimits) => {
        const bytes = Buffer.from(input);
        const maxBytes = Math.max(frameLimits.maxMessageSize, MAX_HELD_BYTES);
        const outcomes = withinBytes(maxBytes, () =>
          outcomesOf(frameLimits, cut(bytes, chunkSizes)),
        );
        assert.deepEqual(outcomes, referenceOutcomes(frameLimits, bytes));
      },
    ),
};
