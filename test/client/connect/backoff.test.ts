import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delayBefore, mayReconnect } from '../../../src/client/connect/backoff.ts';

test('a delay is at least minDelayMs, and at most doubles with each attempt up to maxDelayMs', (t) => {
  const random = t.mock.method(Math, 'random', () => 0);
  const delays = () => [1, 2, 3, 6, 7, 10_000].map((attempt) => delayBefore(attempt, {}));
  assert.deepEqual(delays(), [500, 500, 500, 500, 500, 500]);
  random.mock.mockImplementation(() => 1);
  assert.deepEqual(delays(), [1000, 2000, 4000, 30_000, 30_000, 30_000]);
  random.mock.mockImplementation(() => 0.5);
  assert.deepEqual(delays(), [750, 1250, 2250, 15_250, 15_250, 15_250]);
});

test('a delay follows the options', (t) => {
  t.mock.method(Math, 'random', () => 1);
  const options = { minDelayMs: 10, maxDelayMs: 1000, factor: 3 };
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((attempt) => delayBefore(attempt, options)),
    [30, 90, 270, 810, 1000],
  );
});

test('does not come back where it is not wanted', () => {
  const finals = Array.from({ length: 5000 }, (_, code) => code).filter(
    (code) => !mayReconnect({ code, reason: '' }),
  );
  const refusals = Array.from({ length: 100 }, (_, i) => 4400 + i);
  assert.deepEqual(finals, [1000, 1003, 1008, ...refusals]);
});
