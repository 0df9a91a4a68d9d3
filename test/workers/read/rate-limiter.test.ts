import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type RateLimit,
  resolveRateLimit,
} from '../../../src/shared/options/rate-limit-options.ts';
import { RateLimiter } from '../../../src/workers/read/rate-limiter.ts';

const MAX_MESSAGE_SIZE = 100;
const SECOND = 1000;

/** A limiter that began at 0, and how many of so many messages it lets pass at a time. */
function open(limit: RateLimit) {
  const resolved = resolveRateLimit(limit, MAX_MESSAGE_SIZE);
  assert.ok(resolved !== undefined);
  const limiter = new RateLimiter(resolved, 0);
  const passed = (count: number, bytes: number, now: number) =>
    Array.from({ length: count }, () => limiter.take(bytes, now)).filter((it) => it === undefined)
      .length;
  return { limiter, passed };
}

test('a burst passes, and then as much as the rate has brought since', () => {
  const { passed } = open({ messagesPerSecond: 10, burstMessages: 5 });
  assert.equal(passed(10, 0, 0), 5);
  assert.equal(passed(10, 0, 0.05 * SECOND), 0);
  assert.equal(passed(10, 0, 0.1 * SECOND), 1);
  assert.equal(passed(10, 0, 0.4 * SECOND), 3);
  assert.equal(passed(10, 0, 60 * SECOND), 5, 'a burst is the most that is saved');
});

test('bytes have a rate of their own, and a message has to keep to both', () => {
  const { passed } = open({ messagesPerSecond: 10, bytesPerSecond: 1000, burstBytes: 200 });
  assert.equal(passed(10, 100, 0), 2);
  assert.equal(passed(10, 0, 0), 8, 'what did not pass has taken nothing');
  assert.equal(passed(10, 100, 0.1 * SECOND), 1);
});

test('the burst is what comes in a second, and room for one message at least', () => {
  assert.equal(open({ messagesPerSecond: 3 }).passed(10, 1e6, 0), 3);
  assert.equal(open({ bytesPerSecond: 300 }).passed(10, 100, 0), 3);
  assert.equal(open({ bytesPerSecond: 1 }).passed(10, 100, 0), 1);
});

test('the first message past the limit is an error, those behind it are not told again', () => {
  const { limiter } = open({ messagesPerSecond: 1 });
  const verdicts = [0, 0, 0, SECOND, SECOND].map((now) => limiter.take(0, now));
  assert.deepEqual(
    verdicts.map((it) => (typeof it === 'object' ? [it.code, it.message, it.closeCode] : it)),
    [
      undefined,
      ['ERR_RATE_LIMIT', 'more than rateLimit.messagesPerSecond (1)', 1008],
      'again',
      undefined,
      ['ERR_RATE_LIMIT', 'more than rateLimit.messagesPerSecond (1)', 1008],
    ],
  );
});

test('with drop the error closes nothing, and names what was passed', () => {
  const { limiter } = open({ messagesPerSecond: 9, bytesPerSecond: 100, exceeded: 'drop' });
  assert.equal(limiter.take(100, 0), undefined);
  const error = limiter.take(1, 0);
  assert.ok(typeof error === 'object');
  assert.deepEqual(
    [error.message, error.closeCode],
    ['more than rateLimit.bytesPerSecond (100)', undefined],
  );
});

test('what a peer sent while it was not read from is excused, once', () => {
  const { limiter, passed } = open({ messagesPerSecond: 10, burstMessages: 5 });
  assert.equal(passed(10, 0, 0), 5);
  limiter.held(1 * SECOND);
  limiter.released(4 * SECOND); // 3 s: 30 messages, and the burst had come back by then
  assert.equal(passed(100, 0, 4 * SECOND), 35);
  assert.equal(passed(100, 0, 60 * SECOND), 5);
});

test('excused time is counted no second time', () => {
  const { limiter, passed } = open({ messagesPerSecond: 10, burstMessages: 5 });
  assert.equal(passed(5, 0, 0), 5);
  limiter.held(0);
  for (let i = 0; i < 2; i++) limiter.released(1 * SECOND);
  assert.equal(passed(100, 0, 1 * SECOND), 10);
});

test('a limit has to be one, with names that there are', () => {
  assert.equal(resolveRateLimit(undefined, 1), undefined);
  for (const [limit, message] of [
    [{}, 'rateLimit: it has neither messagesPerSecond nor bytesPerSecond'],
    [{ perSecond: 1 }, /^rateLimit\.perSecond: no such option; /],
    [{ messagesPerSecond: 0 }, /^rateLimit\.messagesPerSecond: 0 is not a whole number from 1 /],
    [{ bytesPerSecond: 1, burstBytes: 99 }, /^rateLimit\.burstBytes: 99 is not at least maxMess/],
    [{ messagesPerSecond: 1, exceeded: 'wait' }, /^rateLimit\.exceeded: 'wait' is not 'close' or/],
  ] as const) {
    assert.throws(() => resolveRateLimit(limit as RateLimit, MAX_MESSAGE_SIZE), {
      code: 'ERR_OPTION',
      message,
    });
  }
});
