import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { FrameReader } from '../../../src/workers/read/frame-reader.ts';
import { firstText, frame, last, ping, text } from '../../conformance/client-frames.ts';
import { COMPRESSED_CASES } from '../../conformance/compressed-cases.ts';
import { CASE_LIMITS } from '../../conformance/frame-case.ts';
import { CASES_OF_ANY_CONNECTION } from '../../conformance/frame-cases.ts';
import { cut, outcomesOf, RecordingSink, readChunk } from './recording-sink.ts';

describe('a frame reader that inflates, however the bytes are cut into chunks,', () => {
  for (const { title, sends, expect } of COMPRESSED_CASES) {
    test(title, () => {
      assert.deepEqual(outcomesOf(CASE_LIMITS, [sends], true), expect, 'whole');
      assert.deepEqual(outcomesOf(CASE_LIMITS, cut(sends, [4096]), true), expect, 'by 4 KiB');
      for (let at = 1; at < Math.min(sends.length, 30); at++) {
        const chunks = [sends.subarray(0, at), sends.subarray(at)];
        assert.deepEqual(outcomesOf(CASE_LIMITS, chunks, true), expect, `split at ${at}`);
      }
      if (sends.length > 2000) return;
      assert.deepEqual(outcomesOf(CASE_LIMITS, cut(sends, [1]), true), expect, 'byte by byte');
    });
  }

  test('reads what is not compressed as any other does', () => {
    for (const { title, sends, expect } of CASES_OF_ANY_CONNECTION) {
      assert.deepEqual(outcomesOf(CASE_LIMITS, [sends], true), expect, title);
    }
  });

  /** A reader whose sink wants no compressed message, and does something when one begins. */
  function reluctantReader(onCompressed = (_reader: FrameReader) => {}) {
    const sink = Object.assign(new RecordingSink(), {
      onCompressed: () => {
        onCompressed(reader);
        return false;
      },
    });
    const reader: FrameReader = new FrameReader(CASE_LIMITS, sink, true);
    return { sink, reader };
  }

  const broken = Buffer.of(0x07);
  const unwanted = [frame(0xc1, broken), frame(0x41, broken), ping('p'), last(broken)];

  test('reads past a message that its sink does not want, and inflates nothing of it', () => {
    for (const size of [1, 4096]) {
      const { sink, reader } = reluctantReader();
      const bytes = Buffer.concat([...unwanted, text('a'), firstText('b'), last('c')]);
      for (const chunk of cut(bytes, [size])) readChunk(reader, chunk);
      assert.deepEqual(sink.outcomes, ['ping 70', 'text a', 'text bc']);
    }
  });

  test('calls nobody any more where that stops it', () => {
    for (const frames of [unwanted, unwanted.slice(1)]) {
      const { sink, reader } = reluctantReader((it) => it.stop());
      for (const chunk of [...frames, text('a')]) readChunk(reader, chunk);
      assert.deepEqual(sink.outcomes, []);
    }
  });
});
