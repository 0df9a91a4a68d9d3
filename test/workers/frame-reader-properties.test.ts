import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../src/workers/frame-reader.ts';
import { close, frame, ping, pong } from '../conformance/client-frames.ts';
import { outcomesOfWs } from '../conformance/ws-receiver.ts';
import { cut, outcomesOf, RecordingSink, readChunk } from './recording-sink.ts';
import { referenceOutcomes } from './reference-reader.ts';

const LIMITS = { maxMessageSize: 300, maxFragments: 6 };
const WS_OPTIONS = { isServer: true, maxPayload: LIMITS.maxMessageSize };

interface Step {
  frames: Buffer[];
  outcome: string;
}

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });
const payload = fc.uint8Array({ maxLength: 200 });
const words = fc.string({ unit: 'binary', maxLength: 40 }).map((word) => Buffer.from(word));
const controls = fc.uint8Array({ maxLength: 125 }).chain((data) => {
  const digits = Buffer.from(data).toString('hex');
  const pings: Step = { frames: [ping(data)], outcome: `ping ${digits}` };
  return fc.constantFrom(pings, { frames: [pong(data)], outcome: `pong ${digits}` });
});

/** A message cut into fragments at any bytes, each masked on its own. */
const messages: fc.Arbitrary<Step> = fc
  .record({
    data: fc.oneof(payload, words),
    cuts: fc.array(fc.nat(200), { maxLength: LIMITS.maxFragments - 1 }),
    masks: fc.array(mask, { minLength: LIMITS.maxFragments, maxLength: LIMITS.maxFragments }),
    isBinary: fc.boolean(),
  })
  .map(({ data, cuts, masks, isBinary }) => {
    const bytes = Buffer.from(data);
    const isText = !isBinary && Buffer.from(String(bytes)).equals(bytes);
    const ends = [
      ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b),
      bytes.length,
    ];
    const frames = ends.map((end, i) => {
      const opcode = i > 0 ? 0 : isText ? 1 : 2;
      const first = opcode | (i === ends.length - 1 ? 0x80 : 0);
      return frame(first, bytes.subarray(ends[i - 1] ?? 0, end), masks[i]);
    });
    return { frames, outcome: isText ? `text ${bytes}` : `binary ${bytes.toString('hex')}` };
  });

/** A message, and control frames before its fragments; a message counts when its last has come. */
const steps = fc
  .tuple(messages, fc.array(fc.tuple(fc.nat(5), controls), { maxLength: 3 }))
  .map(([message, inserted]) => {
    const frames = message.frames.map((bytes) => [bytes]);
    const outcomes: string[][] = message.frames.map(() => []);
    for (const [place, control] of inserted) {
      frames[place % frames.length]?.splice(-1, 0, ...control.frames);
      outcomes[place % frames.length]?.push(control.outcome);
    }
    return { bytes: Buffer.concat(frames.flat()), outcomes: [...outcomes.flat(), message.outcome] };
  });

const sessions = fc.array(steps, { maxLength: 5 }).map((list) => ({
  bytes: Buffer.concat(list.map(({ bytes }) => bytes)),
  outcomes: list.flatMap(({ outcomes }) => outcomes),
}));

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });

/** Sessions with some bytes changed, some left out, and an end anywhere. */
const broken = fc
  .record({
    session: sessions,
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    holes: fc.array(fc.nat(), { maxLength: 2 }),
    end: fc.option(fc.nat()),
  })
  .map(({ session, edits, holes, end }) => {
    let bytes = Buffer.from(session.bytes);
    for (const [at, value] of edits) bytes[at % (bytes.length + 1)] = value;
    for (const at of holes) {
      const hole = at % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, hole), bytes.subarray(hole + 1)]);
    }
    return end === null ? bytes : bytes.subarray(0, end % (bytes.length + 1));
  });

describe('a frame reader', () => {
  test('reads all messages and control frames, whatever the fragments and chunks', () => {
    fc.assert(
      fc.property(sessions, sizes, (session, chunkSizes) => {
        const bytes = Buffer.concat([session.bytes, close(1000)]);
        const expect = [...session.outcomes, 'close 1000 '];
        assert.deepEqual(outcomesOf(LIMITS, cut(bytes, chunkSizes)), expect);
      }),
      { numRuns: 300 },
    );
  });

  test('does the same with broken bytes as a slow reader does, whatever the chunks', () => {
    fc.assert(
      fc.property(broken, sizes, (bytes, chunkSizes) => {
        const expect = referenceOutcomes(LIMITS, bytes);
        assert.deepEqual(outcomesOf(LIMITS, [bytes]), expect);
        assert.deepEqual(outcomesOf(LIMITS, cut(bytes, chunkSizes)), expect);
      }),
      { numRuns: 1000 },
    );
  });

  test('never throws and never exceeds its limits, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        const sink = new RecordingSink();
        const lengths: number[] = [];
        sink.onMessage = (data) => lengths.push(data.length);
        const reader = new FrameReader({ maxMessageSize: 50, maxFragments: 2 }, sink);
        readChunk(reader, bytes);
        assert.ok(lengths.every((length) => length <= 50));
        assert.ok(sink.violations.length <= 1);
      }),
      { numRuns: 500 },
    );
  });

  test('gives the same calls, in order, if it is paused and resumed at any of them', () => {
    fc.assert(
      fc.property(broken, sizes, fc.array(fc.boolean()), (bytes, chunkSizes, pauses) => {
        const sink = new RecordingSink();
        const reader = new FrameReader(LIMITS, sink);
        sink.onCall = () => {
          if (pauses[sink.outcomes.length % (pauses.length + 1)]) reader.pause();
        };
        for (const chunk of cut(bytes, chunkSizes)) {
          readChunk(reader, chunk);
          if (chunk.length % 2 === 0) reader.resume();
        }
        for (let i = 0; i < bytes.length; i++) reader.resume();
        assert.deepEqual(sink.outcomes, outcomesOf(LIMITS, [bytes]));
      }),
      { numRuns: 300 },
    );
  });

  test('takes nothing that ws would not take', () => {
    fc.assert(
      fc.property(broken, (bytes) => {
        const ours = outcomesOf(LIMITS, [bytes]).filter(
          (outcome) => !outcome.startsWith('violation'),
        );
        assert.deepEqual(outcomesOfWs(WS_OPTIONS, bytes).slice(0, ours.length), ours);
      }),
      { numRuns: 500 },
    );
  });
});
