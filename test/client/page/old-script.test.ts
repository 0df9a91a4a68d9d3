import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTextCodec } from '../../../src/shared/codec/text-codec.ts';

const codec = createTextCodec({ eventPrefix: 'p:', maxEventNameBytes: 64 });
const malformed = { code: 'ERR_MALFORMED_EVENT' };

// docs/moving-from-iris.md says so. The old script sends as a number what JavaScript can turn into one.
for (const [text, payload] of [
  ['42', 42],
  ['-7', -7],
  ['0042', 42],
  ['1.50', 1.5],
  ['1e3', 1000],
  ['12345678901234567890', 12345678901234567000],
] as const) {
  test(`the string '${text}' of the old script is the number ${payload}, and of the new one a string`, () => {
    assert.partialDeepStrictEqual(codec.decode(`p:e;1;${text}`), { event: 'e', payload });
    assert.equal(codec.encode('e', text), `p:e;0;${text}`);
  });
}

for (const text of [' 42', '  ', '+1', '.5', '0x10', 'Infinity', 'true']) {
  test(`what the old script takes for a number is malformed: '${text}'`, () => {
    assert.equal(Number.isNaN(Number(text === 'true' ? true : text)), false);
    assert.throws(() => codec.decode(`p:e;1;${text}`), malformed);
  });
}
