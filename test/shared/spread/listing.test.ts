import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Listed, listConnections, listRooms } from '../../../src/shared/spread/listing.ts';

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 200 });

test('page by page every connection is listed once, in order, in whatever order they are kept', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 20 }), (kept, limit) => {
      const connections = kept.map(
        (number) =>
          ({ number, request: { remoteAddress: '' }, rooms: new Set() }) as unknown as Listed,
      );
      const listed: number[] = [];
      for (let after = '0'; ; after = String(listed.at(-1))) {
        const page = listConnections(connections, { after, limit });
        assert.ok(page.length <= limit);
        if (page.length === 0) break;
        listed.push(...page.map(({ number }) => number));
      }
      assert.deepEqual(
        listed,
        kept.toSorted((a, b) => a - b),
      );
    }),
  );
});

test('a room that is in several parts has the members of all', () => {
  const parts = [
    ['red', 2],
    ['blue', 1],
    ['red', 3],
    ['é', 1],
  ] as const;
  assert.deepEqual(listRooms(parts, { after: '', limit: 2 }), [
    { room: 'blue', count: 1 },
    { room: 'red', count: 5 },
  ]);
  assert.deepEqual(listRooms(parts, { after: 'red', limit: 2 }), [{ room: 'é', count: 1 }]);
});
