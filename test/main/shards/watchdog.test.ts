import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Watchdog } from '../../../src/main/shards/watchdog.ts';
import type { EngineError } from '../../../src/shared/api/errors.ts';

/** Threads as a watchdog sees them. */
function watched() {
  const thread = {
    unanswered: 0,
    ask() {
      this.unanswered += 1;
    },
    cut(cause: EngineError) {
      cuts.push(cause);
      threads.delete(thread);
    },
  };
  const cuts: EngineError[] = [];
  const threads = new Set([thread]);
  return { thread, threads, cuts };
}

test('a thread is ended when four questions in a row have had no answer', () => {
  const { thread, threads, cuts } = watched();
  const watchdog = new Watchdog(1000, () => threads);
  for (let i = 0; i < 4; i++) watchdog.look();
  assert.deepEqual(cuts, []);
  assert.equal(thread.unanswered, 4);
  for (let i = 0; i < 2; i++) watchdog.look();
  assert.deepEqual(
    cuts.map(({ code, message }) => `${code}: ${message}`),
    ['ERR_SHARD_EXIT: its loop stood still for watchdogMs (1000 ms)'],
  );
});

test('a thread that answers now and then is left alone', () => {
  const { thread, threads, cuts } = watched();
  const watchdog = new Watchdog(1000, () => threads);
  for (let i = 0; i < 40; i++) {
    watchdog.look();
    if (i % 4 === 3) thread.unanswered = 0;
  }
  assert.deepEqual(cuts, []);
});

test('a watchdog asks four times in its time, until it is stopped', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { thread, threads } = watched();
  const watchdog = new Watchdog(1000, () => threads);
  watchdog.start();
  t.mock.timers.tick(1000);
  assert.equal(thread.unanswered, 4);
  watchdog.stop();
  t.mock.timers.tick(60_000);
  assert.equal(thread.unanswered, 4, 'nobody asks any more');
});

test('a watchdog of 0 ms is none', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { thread, threads } = watched();
  new Watchdog(0, () => threads).start();
  t.mock.timers.tick(60_000);
  assert.equal(thread.unanswered, 0);
});
