import assert from 'node:assert/strict';
import fc from 'fast-check';
import { frame } from '../conformance/client-frames.ts';
import { deflated } from '../conformance/compressed-cases.ts';
import { STREAM_LIMITS, sizes } from '../workers/read/client-streams.ts';
import { cut, outcomesOf } from '../workers/read/recording-sink.ts';
import type { FuzzTarget } from './target.ts';

const { maxMessageSize, maxFragments } = STREAM_LIMITS;

/** What is small when compressed, and what is not. */
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: maxMessageSize }),
  fc
    .tuple(fc.nat(255), fc.nat(2 * maxMessageSize))
    .map(([byte, n]) => new Uint8Array(n).fill(byte)),
);

/** A binary message, compressed somehow, some of its bytes changed, in fragments. */
const messages = fc
  .record({
    payload: payloads,
    level: fc.nat(9),
    memLevel: fc.integer({ min: 1, max: 9 }),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
    cuts: fc.array(fc.nat(maxMessageSize), { maxLength: maxFragments - 1 }),
  })
  .map(({ payload, level, memLevel, edits, cuts }) => {
    const bytes = Buffer.from(deflated(payload, { level, memLevel }));
    for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
    const ends = [...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length];
    const frames = ends.map((end, i) => {
      const fin = i === ends.length - 1 ? 0x80 : 0;
      return frame(fin | (i === 0 ? 0x42 : 0), bytes.subarray(ends[i - 1] ?? 0, end));
    });
    const whole = edits.length === 0 && payload.length <= maxMessageSize;
    const outcome = `binary ${Buffer.from(payload).toString('hex')}`;
    return { bytes: Buffer.concat(frames), outcome: whole ? outcome : undefined };
  });

/** Whatever is inflated stays within the limits, comes the same however cut, and nothing throws. */
export const compressedTarget: FuzzTarget = {
  name: 'compressed frames',
  share: 40,
  property: () =>
    fc.property(fc.array(messages, { maxLength: 3 }), sizes, (list, chunkSizes) => {
      const bytes = Buffer.concat(list.map((message) => message.bytes));
      const outcomes = outcomesOf(STREAM_LIMITS, cut(bytes, chunkSizes), true);
      assert.deepEqual(outcomesOf(STREAM_LIMITS, [bytes], true), outcomes);
      const ends = list.findIndex(({ outcome }) => outcome === undefined);
      const sound = (ends < 0 ? list : list.slice(0, ends)).map(({ outcome }) => outcome);
      assert.deepEqual(outcomes.slice(0, sound.length), sound);
      const longest = Math.max(0, ...outcomes.map(({ length }) => length));
      assert.ok(longest <= 'binary '.length + 2 * maxMessageSize);
      assert.ok(outcomes.filter((outcome) => outcome.startsWith('violation')).length <= 1);
    }),
};
