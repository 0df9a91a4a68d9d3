import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { wellFormed } from '../../../src/shared/codec/well-formed.ts';

test('strings are well-formed also in a browser that cannot look at them', () => {
  const { isWellFormed } = String.prototype;
  Reflect.deleteProperty(String.prototype, 'isWellFormed');
  try {
    assert.equal(wellFormed('a\ud800b'), 'a\ufffdb');
    assert.deepEqual(wellFormed(['😀', { '\udc00': '😀' }]), ['😀', { '\ufffd': '😀' }]);
  } finally {
    String.prototype.isWellFormed = isWellFormed;
  }
});
