import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { WaitingLine } from '../../../src/shared/time/waiting-line.ts';

function line() {
  const log: string[] = [];
  let now = 0;
  const made = new WaitingLine<() => void>(
    4,
    () => log.push('schedule'),
    (serve) => serve(),
    () => now,
  );
  /** An item whose serving takes so many milliseconds. */
  const add = (name: string, ms: number, then = () => {}) => {
    const item = () => {
      log.push(name);
      now += ms;
      then();
    };
    made.add(item);
    return item;
  };
  return { made, add, since: () => log.splice(0) };
}

test('those who wait are served in order, as many as a turn has time for', () => {
  const { made, add, since } = line();
  assert.equal(made.serveSome(), false);
  for (const name of ['a', 'b', 'c', 'd']) add(name, 2);
  assert.deepEqual(since(), ['schedule']);
  assert.equal(made.serveSome(), true);
  assert.deepEqual(since(), ['a', 'b']);
  add('e', 50);
  assert.equal(made.serveSome(), true);
  assert.equal(made.serveSome(), false);
  assert.deepEqual(since(), ['c', 'd', 'e']);
  add('f', 0);
  assert.deepEqual(since(), ['schedule']);
});

test('one that brings another one about has it served behind all others', () => {
  const { made, add, since } = line();
  add('a', 0, () => add('c', 0));
  add('b', 0);
  assert.equal(made.serveSome(), false);
  assert.deepEqual(since(), ['schedule', 'a', 'b', 'c']);
});

test('one that waits again comes to the end, in this turn and in the next ones', () => {
  const { made, add, since } = line();
  let left = 5;
  const again = add('again', 4, () => {
    if (--left > 0) made.add(again);
  });
  add('other', 1);
  assert.equal(made.serveSome(), true);
  assert.deepEqual(since(), ['schedule', 'again']);
  assert.equal(made.serveSome(), true);
  assert.deepEqual(since(), ['other', 'again', 'schedule']);
});

test('one that waits twice is served once, and one that has gone is not', () => {
  const { made, add, since } = line();
  const twice = add('twice', 0);
  made.add(twice);
  made.delete(add('gone', 0));
  assert.equal(made.serveSome(), false);
  assert.equal(made.isEmpty, true);
  assert.deepEqual(since(), ['schedule', 'twice']);
});
