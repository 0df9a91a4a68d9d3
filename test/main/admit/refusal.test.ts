import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { refusalOf } from '../../../src/main/admit/refusal.ts';
import { Refusal } from '../../../src/shared/api/refusal.ts';

test('what is thrown is a refusal where it has the status of an error', () => {
  const refusal = new Refusal(402, 'pay', { 'X-A': 'b' });
  assert.equal(refusalOf(refusal), refusal);
  const made = refusalOf(Object.assign(new Error('gone'), { status: 410 }));
  assert.deepEqual([made?.status, made?.message, made?.headers], [410, 'gone', {}]);
  assert.equal(refusalOf({ status: 599 })?.message, 'Refused');
  for (const thrown of [null, undefined, 'x', {}, { status: 399 }, { status: 600 }]) {
    assert.equal(refusalOf(thrown), undefined);
  }
  for (const status of ['403', 403.5, Number.NaN]) assert.equal(refusalOf({ status }), undefined);
});
