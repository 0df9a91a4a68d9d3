import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { shown } from '../../../src/shared/options/show-value.ts';

class Keys {
  readonly key = 'secret';
}

test('a value is shown as Node.js shows it', () => {
  const values = [
    ...[undefined, null, true, false, 0, -1.5, Number.NaN, Number.POSITIVE_INFINITY, 7n],
    ...['', 'text', 'é 你 😀', 'two\nlines', 'a "quoted" one', 'a\\b', Symbol('x')],
    ...[
      [],
      [1, 'a', undefined],
      [[1], { a: 1 }],
      {},
      { a: 1, b: 'x' },
      { 'a b': 1, 'c\nd': 2 },
      { a: { b: 1 }, c: [1] },
    ],
  ];
  for (const value of values) assert.equal(shown(value), inspect(value, { depth: 0 }));
});

test('a function or an instance is named, and not opened', () => {
  const cases: [value: unknown, text: string][] = [
    [function named() {}, 'the function named'],
    [() => {}, 'the function'],
    [Keys, 'the function Keys'],
    [new Keys(), 'an instance of Keys'],
    [new Map([['key', 'secret']]), 'an instance of Map'],
    [[new Keys()], '[ [Object] ]'],
    ["it's", "'it\\'s'"],
    [new URL('ws://host/'), "URL 'ws://host/'"],
    [Object.create(null), '{}'],
    [Object.create({}), 'an instance of Object'],
  ];
  for (const [value, text] of cases) assert.equal(shown(value), text);
});

test('what is long is cut, and says how much is left out', () => {
  assert.equal(shown('x'.repeat(100)), `'${'x'.repeat(80)}'... 20 more characters`);
  assert.equal(shown(Array(12).fill(1)), `[ ${'1, '.repeat(10)}2 more ]`);
});

test('whatever it is, it is one line that can be put into a log', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      assert.ok([...shown(value)].every((character) => character >= ' '));
    }),
  );
});

test('a getter is not run', () => {
  const value = {
    get bad(): never {
      throw new Error('run');
    },
  };
  assert.match(shown(value), /^\{ bad: the function/);
});
