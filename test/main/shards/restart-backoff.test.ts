import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { RestartBackoff } from '../../../src/main/shards/restart-backoff.ts';

test('a shard starts again at once, and later each time when it dies young, up to 10 s', () => {
  const backoff = new RestartBackoff();
  const delays = Array.from({ length: 10 }, () => backoff.died(1, 9_999).delayMs);
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  assert.deepEqual(backoff.died(1, 0), { attempt: 11, delayMs: 10_000 });
});

test('a shard that has lived for 10 s, or another one, begins anew', () => {
  const backoff = new RestartBackoff();
  for (let i = 0; i < 5; i++) backoff.died(1, 0);
  assert.deepEqual(backoff.died(2, 0), { attempt: 1, delayMs: 0 });
  assert.deepEqual(backoff.died(1, 10_000), { attempt: 1, delayMs: 0 });
  assert.deepEqual(backoff.died(1, 0), { attempt: 2, delayMs: 100 });
});
