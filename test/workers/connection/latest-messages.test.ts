import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatestMessages } from '../../../src/workers/connection/latest-messages.ts';

const OVERHEAD = 256; // what keeping each costs

function open(maxBytes: number) {
  const dropped: number[] = [];
  const latest = new LatestMessages(maxBytes, (bytes) => dropped.push(bytes));
  const keep = (key: string | undefined, text: string) => latest.keep(key, Buffer.from(text));
  const take = () => [...latest.takeAll()].map(String);
  return { latest, dropped, keep, take };
}

test('of each key the newest is kept, in the order in which they were sent', () => {
  const { dropped, keep, take } = open(10_000);
  keep('a', 'a1');
  keep('b', 'b1');
  keep('a', 'a2');
  keep('c', 'c1');
  keep('b', 'b22');
  assert.deepEqual(take(), ['a2', 'c1', 'b22']);
  assert.deepEqual(dropped, [2, 2]);
  assert.deepEqual(take(), [], 'they are handed out once');
});

test('what has no key is replaced by nothing', () => {
  const { dropped, keep, take } = open(10_000);
  keep(undefined, 'one');
  keep(undefined, 'two');
  assert.deepEqual(take(), ['one', 'two']);
  assert.deepEqual(dropped, []);
});

test('where keeping all would cost too much the oldest go, but never the newest', () => {
  const { dropped, keep, take } = open(2 * (OVERHEAD + 5));
  keep('a', 'aaaaa');
  keep('b', 'bbbbb');
  assert.deepEqual(dropped, []);
  keep('a', 'AAAAAA');
  assert.deepEqual(dropped, [5, 5]);
  keep('c', 'c'.repeat(1000));
  assert.deepEqual(take(), ['c'.repeat(1000)]);
});

test('what is kept does not change when its sender uses the memory again', () => {
  const { latest, take } = open(10_000);
  const frame = Buffer.from('first');
  latest.keep('a', frame);
  latest.keep('b', frame);
  frame.write('later');
  latest.keep('b', frame);
  frame.fill(0);
  assert.deepEqual(take(), ['first', 'later']);
});

test('it costs at most its limit, and each frame is handed out or dropped', () => {
  const step = fc.record({
    key: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { nil: undefined }),
    bytes: fc.nat(300),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.array(step), (maxBytes, steps) => {
      const { latest, dropped, take } = open(maxBytes);
      for (const { key, bytes } of steps) {
        latest.keep(key, Buffer.alloc(bytes));
        assert.ok(latest.bytes <= Math.max(maxBytes, bytes + OVERHEAD));
      }
      const taken = take().map((text) => text.length);
      const sum = (all: number[]) => all.reduce((total, bytes) => total + bytes, 0);
      assert.equal(taken.length + dropped.length, steps.length);
      assert.equal(sum(taken) + sum(dropped), sum(steps.map(({ bytes }) => bytes)));
      assert.equal(latest.bytes, 0);
    }),
  );
});

test('what is given up has been dropped', () => {
  const { latest, dropped, keep, take } = open(10_000);
  keep('a', 'a1');
  keep('b', 'b22');
  latest.dropAll();
  assert.deepEqual([dropped, latest.bytes, take()], [[2, 3], 0, []]);
});
