import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { COMPRESSED_CASES } from '../conformance/compressed-cases.ts';
import { CASE_LIMITS } from '../conformance/frame-case.ts';
import { CASES_OF_ANY_CONNECTION } from '../conformance/frame-cases.ts';
import { cut, outcomesOf } from './recording-sink.ts';

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
});
