import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';

const SERVER = 5;
const CODEC = 0;
const RED = interestKey(SERVER, CODEC, 'red');

function openTable() {
  const memory = InterestTable.allocate();
  const table = new InterestTable(memory);
  return { memory, table, isEmpty: () => new Uint32Array(memory).every((slot) => slot === 0) };
}

test('a room is wanted until it has been taken back as often as it was counted', () => {
  const { table, isEmpty } = openTable();
  assert.equal(table.has(RED), false);
  table.add(RED);
  table.add(RED);
  table.remove(RED);
  assert.equal(table.has(RED), true);
  table.remove(RED);
  assert.equal(table.has(RED), false);
  assert.equal(isEmpty(), true);
});

test('no room that is counted is ever said not to be wanted', () => {
  const rooms = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1 });
  fc.assert(
    fc.property(rooms, fc.array(fc.nat()), (names, removals) => {
      const { table, isEmpty } = openTable();
      const keys = names.map((name) => interestKey(SERVER, CODEC, name));
      for (const key of keys) table.add(key);
      for (const removal of removals) {
        const [gone] = keys.splice(removal % Math.max(1, keys.length), 1);
        if (gone !== undefined) table.remove(gone);
        for (const key of keys) assert.equal(table.has(key), true);
      }
      for (const key of keys) table.remove(key);
      assert.equal(isEmpty(), true);
    }),
    { numRuns: 50 }, // each of a table of 1 MiB
  );
});

test('one table is the same for every thread that has its memory', () => {
  const { memory, table } = openTable();
  new InterestTable(memory).add(RED);
  assert.equal(table.has(RED), true);
});

test('rooms of one name on different servers are different rooms', () => {
  for (const room of ['red', '', 'a'.repeat(300)]) {
    const keys = Array.from({ length: 1000 }, (_, server) => interestKey(server + 1, CODEC, room));
    assert.equal(new Set(keys).size, keys.length);
    const { table } = openTable();
    table.add(keys[0] as number);
    assert.equal(table.has(keys[1] as number), false);
  }
});

test('those who speak one codec are counted apart from those who speak another', () => {
  const { table } = openTable();
  table.add(RED);
  assert.equal(table.has(interestKey(SERVER, CODEC + 1, 'red')), false);
});

test('rooms are told apart by every character, in its place', () => {
  const names = ['', 'a', 'b', 'aa', 'ab', 'ba', 'aab', 'é', 'e\u0301', '☃', '😀', '😁', 'a😀'];
  assert.equal(new Set(names.map((name) => interestKey(SERVER, CODEC, name))).size, names.length);
});

test('few of many rooms are taken for others', () => {
  const { table } = openTable();
  for (let i = 0; i < 10_000; i++) table.add(interestKey(SERVER, CODEC, `room ${i}`));
  let mistaken = 0;
  for (let i = 0; i < 10_000; i++)
    if (table.has(interestKey(SERVER, CODEC, `other ${i}`))) mistaken += 1;
  // 20 000 of 262 144 slots are taken: (1 / 13)² of the others find both of theirs so.
  assert.ok(mistaken < 200, `${mistaken} of 10 000`);
});

test('a message goes to the shards that want it, and to no others', () => {
  const map = new InterestMap();
  const tables = [1, 2, 3].map((shard) => {
    const { memory, table } = openTable();
    map.set(shard, memory);
    return table;
  });
  assert.deepEqual(map.shardsFor(RED), []);
  tables[0]?.add(RED);
  tables[2]?.add(RED);
  tables[1]?.add(interestKey(SERVER, CODEC, 'blue'));
  assert.deepEqual(map.shardsFor(RED), [1, 3]);
  tables[0]?.remove(RED);
  assert.deepEqual(map.shardsFor(RED), [3]);
  map.of(2)?.add(RED);
  assert.deepEqual(map.shardsFor(RED), [2, 3]);
});

test('a shard that died wants nothing, nor does its replacement', () => {
  const map = new InterestMap();
  const { memory, table } = openTable();
  map.set(1, memory);
  table.add(RED);
  map.delete(1);
  assert.deepEqual(map.shardsFor(RED), []);
  assert.equal(map.of(1), undefined);
  map.set(1, InterestTable.allocate());
  assert.deepEqual(map.shardsFor(RED), []);
});
