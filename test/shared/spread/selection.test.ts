import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { All, NotMe, type Targets } from '../../../src/shared/api/targets.ts';
import {
  excepting,
  isSelected,
  NOBODY,
  selectionOf,
  selectionOfWhom,
} from '../../../src/shared/spread/selection.ts';

const ME = 7;
const connections = [
  { number: ME, rooms: ['me', 'red'] },
  { number: 8, rooms: ['ann', 'red', 'blue'] },
  { number: 9, rooms: ['bob', 'blue'] },
];

function selected(target: Targets, ...exceptions: (string | string[])[]): number[] {
  const selection = exceptions.reduce(excepting, selectionOf(target, ME));
  return connections
    .filter(({ number, rooms }) =>
      isSelected({ number, isJoined: (room) => rooms.includes(room) }, selection),
    )
    .map(({ number }) => number);
}

test('a list is everyone whom one of its targets means, without the exceptions', () => {
  assert.deepEqual(selected(['red', 'blue']), [7, 8, 9]);
  assert.deepEqual(selected(['red', 'blue'], 'ann'), [7, 9]);
  assert.deepEqual(selected(['red', 'blue'], ['ann'], 'bob'), [7]);
  assert.deepEqual(selected('red', 'blue'), [7]);
  assert.deepEqual(selected([]), []);
  assert.deepEqual(selected(['nobody']), []);
});

test('in a list All is everyone, and NotMe everyone but a sender whom nothing else means', () => {
  assert.deepEqual(selected([All, 'red']), [7, 8, 9]);
  assert.deepEqual(selected([NotMe]), [8, 9]);
  assert.deepEqual(selected([NotMe, 'blue']), [8, 9]);
  assert.deepEqual(selected([NotMe, 'red']), [7, 8, 9]);
  assert.deepEqual(selected(NotMe, 'red'), [9]);
  assert.deepEqual(selected(All, 'red'), [9]);
});

test('a room may be said so', () => {
  assert.deepEqual(selectionOfWhom({ room: 'red' }), selectionOf('red', NOBODY));
  assert.deepEqual(selectionOfWhom(['red', 'ann']), selectionOf(['red', 'ann'], NOBODY));
});

test('exceptions that are none, and too many targets, are refused', () => {
  const selection = selectionOf('red', ME);
  for (const wrong of [undefined, 5, {}]) {
    assert.throws(() => excepting(selection, wrong as string), { code: 'ERR_OPTION' });
  }
  for (const wrong of [All, [All], [NotMe], ['red', 5]]) {
    assert.throws(() => excepting(selection, wrong as string), { code: 'ERR_ROOM_NAME' });
  }
  const many = Array.from({ length: 10_001 }, (_, i) => `room ${i}`);
  assert.throws(() => selectionOf(many, ME), { code: 'ERR_OPTION', message: /10001.*10000/ });
  assert.throws(() => excepting(selection, many), { code: 'ERR_OPTION' });
  selectionOf(many.slice(1), ME);
});
