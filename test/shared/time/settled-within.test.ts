import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { settledWithin } from '../../../src/shared/time/settled-within.ts';

test('a promise settles within a time, either way, or it does not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] }); // nobody turns the fake ones
  const never = new Promise(() => {});
  assert.equal(await settledWithin(Promise.resolve(), 60_000), true);
  assert.equal(await settledWithin(Promise.reject(new Error('no')), 60_000), true);
  assert.equal(await settledWithin(never, 1), false);
  assert.equal(await settledWithin(never, -1), false);
});
