import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../../src/workers/read/frame-reader.ts';
import { close } from '../../conformance/client-frames.ts';
import { outcomesOfWs } from '../../conformance/ws-receiver.ts';
import { broken, STREAM_LIMITS, sessions, sizes } from './client-streams.ts';
import { cut, outcomesOf, RecordingSink, readChunk } from './recording-sink.ts';
import { referenceOutcomes } from './reference-reader.ts';

const LIMITS = STREAM_LIMITS;
const WS_OPTIONS = { isServer: true, maxPayload: LIMITS.maxMessageSize };

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
