import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { pace } from '../../../src/workers/shard/pace.ts';

const ITEMS = Array.from({ length: 100 }, (_, i) => i);

test('with no time all are done at once, in their order', () => {
  const done: number[] = [];
  pace(ITEMS, 0, (item) => done.push(item));
  assert.deepEqual(done, ITEMS);
  pace([], 1000, () => assert.fail());
});

test('each is done once, in order, and the last when the time is nearly over', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done: number[] = [];
  const turns = new Set<number>();
  const start = performance.now();
  pace(ITEMS, 200, (item) => {
    turns.add(Math.floor(performance.now() - start));
    if (done.push(item) === ITEMS.length) resolve();
  });
  assert.deepEqual(done, [0], 'the first at once');
  await promise;
  assert.deepEqual(done, ITEMS);
  assert.ok(performance.now() - start >= 195, 'no sooner than its share of the time');
  assert.ok(turns.size > 1);
});

test('stopped, it leaves the rest alone', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done: number[] = [];
  const stop = pace(ITEMS, 10, (item) => done.push(item));
  stop();
  pace(ITEMS, 50, (item) => item === ITEMS.at(-1) && resolve());
  await promise;
  assert.deepEqual(done, [0]);
});
