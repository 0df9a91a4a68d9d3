import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Partings } from '../../../src/workers/shard/partings.ts';

function partings() {
  const log: string[] = [];
  let now = 0;
  const made = new Partings(
    () => log.push('schedule'),
    () => log.push('beat'),
    () => now,
  );
  /** An end that takes so many milliseconds. */
  const add = (name: string, ms: number, then = () => {}) =>
    made.add(() => {
      log.push(name);
      now += ms;
      then();
    });
  return { made, add, since: () => log.splice(0) };
}

test('ends come in order, as many as a turn has time for', () => {
  const { made, add, since } = partings();
  assert.equal(made.end(), false);
  for (const name of ['a', 'b', 'c', 'd']) add(name, 2);
  assert.deepEqual(since(), ['schedule']);
  assert.equal(made.end(), true);
  assert.deepEqual(since(), ['beat', 'a', 'beat', 'b']);
  add('e', 50);
  assert.equal(made.end(), true);
  assert.equal(made.end(), false);
  assert.deepEqual(since(), ['beat', 'c', 'beat', 'd', 'beat', 'e']);
  add('f', 0);
  assert.deepEqual(since(), ['schedule']);
});

test('an end that brings another one about has it come behind all others', () => {
  const { made, add, since } = partings();
  add('a', 0, () => add('c', 0));
  add('b', 0);
  assert.equal(made.end(), false);
  assert.deepEqual(since(), ['schedule', 'beat', 'a', 'beat', 'b', 'beat', 'c']);
});
