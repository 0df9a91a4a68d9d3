import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { roomKey } from '../../../src/shared/tables/room-hash.ts';

const SECRET = Int32Array.of(0x01234567, -2);

test('names, owners and secrets that differ in little have hashes that differ in much', () => {
  const [hash, hash2] = hashes('room 1');
  for (const [what, [other, other2]] of Object.entries({
    'another last unit': hashes('room 2'),
    'another first unit': hashes('Room 1'),
    'one unit more': hashes('room 1\0'),
    'one unit less': hashes('room '),
    'another owner': hashes('room 1', 5),
    'another first word': hashes('room 1', 4, Int32Array.of(0x01234566, -2)),
    'another second word': hashes('room 1', 4, Int32Array.of(0x01234567, -1)),
  })) {
    const bits = bitsOf(hash ^ other) + bitsOf(hash2 ^ other2);
    assert.ok(bits > 12 && bits < 52, `${what}: ${bits} of 64 bits differ`);
  }
  assert.deepEqual(hashes('room 1'), [hash, hash2], 'and the same ones the same');
});

test('hashes of short names spread evenly in their low bits', () => {
  const counts = Array.from({ length: 64 }, () => 0);
  for (let i = 0; i < 6400; i++) {
    const at = hashes(`${i}`)[0] & 63;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  assert.ok(least > 50 && most < 160, `${least} to ${most} where there should be 100`);
});

function hashes(room: string, owner = 4, secret = SECRET): [number, number] {
  const { hash, hash2 } = roomKey(secret, owner, room);
  return [hash, hash2];
}

function bitsOf(word: number): number {
  return (word >>> 0).toString(2).replaceAll('0', '').length;
}
