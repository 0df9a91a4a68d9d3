import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, test } from 'node:test';
import { validUtf8End } from '../../../src/workers/read/utf8-validator.ts';

/** Both sides of every border that a byte's meaning has, RFC 3629 §4. */
const BORDERS = Buffer.from('007f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff', 'hex');
const CONTINUATIONS = [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf];

/** The slow way to say if bytes can become UTF-8: try what could follow. */
function canBecomeUtf8(bytes: Buffer): boolean {
  const canEndWith = (tail: number[]): boolean =>
    isUtf8(Buffer.concat([bytes, Buffer.from(tail)])) ||
    (tail.length < 3 && CONTINUATIONS.some((next) => canEndWith([...tail, next])));
  return canEndWith([]);
}

function* sequences(length: number): Generator<number[]> {
  if (length === 0) yield [];
  else for (const head of sequences(length - 1)) for (const byte of BORDERS) yield [...head, byte];
}

describe('UTF-8 validation', () => {
  test('refuses exactly what no further bytes can make valid', () => {
    for (const length of [1, 2, 3]) {
      for (const sequence of sequences(length)) {
        const bytes = Buffer.from(sequence);
        const isRefused = validUtf8End(bytes, 0, bytes.length) === undefined;
        assert.equal(isRefused, !canBecomeUtf8(bytes), bytes.toString('hex'));
      }
    }
  });

  test('says where the unfinished character at the end begins', () => {
    const bytes = Buffer.from('aé€😀');
    const ends = Array.from(bytes, (_, i) => validUtf8End(bytes, 0, i + 1));
    assert.deepEqual(ends, [1, 1, 3, 3, 3, 6, 6, 6, 6, 10]);
  });

  test('goes on from there', () => {
    const bytes = Buffer.from('€€€');
    assert.equal(validUtf8End(bytes, 3, 8), 6);
    assert.equal(validUtf8End(bytes, 6, 9), 9);
  });

  test('does not look behind the end or before the start', () => {
    const bytes = Buffer.from('ff61ff', 'hex');
    assert.equal(validUtf8End(bytes, 1, 2), 2);
    assert.equal(validUtf8End(Buffer.from('e282', 'hex'), 1, 2), undefined);
    assert.equal(validUtf8End(Buffer.from('ff', 'hex'), 0, 0), 0);
  });
});
