import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  findStamp,
  microseconds,
  readStamp,
  STAMP_BYTES,
  stampedPayload,
  writeStamp,
} from '../../src/load/stamp.ts';

test('a time comes back as it was written, wherever the payload is in a message', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.integer({ min: 0, max: 10 ** 14 - 1 }), (before, time) => {
      const bytes = Buffer.from(`${'@'.repeat(before)}${stampedPayload(64)}tail`);
      const at = findStamp(bytes, 0, bytes.length);
      assert.equal(at, before);
      writeStamp(bytes, at, time);
      assert.equal(readStamp(bytes, at), time);
      assert.equal(bytes.toString().slice(before + STAMP_BYTES), `${'x'.repeat(48)}tail`);
    }),
  );
});

test('a message without a stamp, or with half of one, has none', () => {
  const bytes = Buffer.from(stampedPayload(STAMP_BYTES));
  assert.equal(findStamp(bytes, 0, bytes.length), 0);
  assert.equal(findStamp(bytes, 0, bytes.length - 1), -1);
  assert.equal(findStamp(bytes, 1, bytes.length), -1);
  assert.equal(findStamp(Buffer.alloc(0), 0, 0), -1);
});

test('the clock has whole microseconds and does not go back', () => {
  const before = microseconds();
  assert.ok(Number.isInteger(before));
  assert.ok(microseconds() >= before);
});
