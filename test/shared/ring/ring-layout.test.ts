import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  allocateRing,
  CONSUMER_WORD,
  capacityOf,
  DATA_OFFSET,
  PRODUCER_WORD,
  ringCapacity,
} from '../../../src/shared/ring/ring-layout.ts';
import { RingReader } from '../../../src/shared/ring/ring-reader.ts';
import { RingWriter } from '../../../src/shared/ring/ring-writer.ts';
import { fill, openRing, readAll, texts, write } from './open-ring.ts';

const MIB = 2 ** 20;

describe('ring memory', () => {
  test('takes powers of two from 1 KiB to 1 GiB and names any other capacity', () => {
    assert.equal(capacityOf(allocateRing(1024)), 1024);
    assert.equal(capacityOf(allocateRing(MIB)), MIB);
    for (const capacity of [0, -1024, 512, 1025, 3 * 1024, 2 ** 31, Number.NaN, 1024.5]) {
      assert.throws(
        () => allocateRing(capacity),
        (error: Error) =>
          error instanceof RangeError && error.message.includes(`ring capacity is ${capacity} B`),
      );
    }
  });

  test('is refused by both ends if it is not that of a ring', () => {
    assert.throws(() => new RingWriter(new SharedArrayBuffer(1024)), RangeError);
    assert.throws(() => new RingReader(new SharedArrayBuffer(1024), () => {}), RangeError);
  });

  test('is shared out of a budget in powers of two that stay within it', () => {
    assert.equal(ringCapacity(64 * MIB, 64), MIB);
    assert.equal(ringCapacity(64 * MIB, 20), 2 * MIB);
    assert.equal(ringCapacity(64 * MIB, 65 * 64), 8192);
    assert.equal(ringCapacity(2 ** 40, 1), 2 ** 30);
    for (let rings = 1; rings < 5000; rings += 7) {
      const capacity = ringCapacity(64 * MIB, rings);
      assert.ok(capacity * rings <= 64 * MIB && capacity * rings * 2 > 64 * MIB);
    }
  });

  test('is never less than 4 KiB a ring, however small the budget', () => {
    assert.equal(ringCapacity(0, 10), 4096);
    assert.equal(ringCapacity(MIB, 10_000), 4096);
  });

  test('is not shared out among no rings, nor from less than nothing', () => {
    assert.throws(() => ringCapacity(MIB, 0), /cannot share 1048576 B among 0 rings/);
    assert.throws(() => ringCapacity(-1, 4), RangeError);
    assert.throws(() => ringCapacity(Number.NaN, 4), RangeError);
  });
});

describe('a ring', () => {
  test('lays a record out as length, remaining bytes and bytes, at multiples of 8', () => {
    const { memory, words, writer } = openRing();
    write(writer, 'abc', 7);
    write(writer, 'defghijkl');
    const data = Buffer.from(memory, DATA_OFFSET);
    const header = (offset: number) => [data.readInt32LE(offset), data.readInt32LE(offset + 4)];
    assert.deepEqual(header(0), [3, 7]);
    assert.equal(data.toString('latin1', 8, 11), 'abc');
    assert.deepEqual(header(16), [9, 0]);
    assert.equal(data.toString('latin1', 24, 33), 'defghijkl');
    assert.equal(words[PRODUCER_WORD], 40);
    assert.equal(words[CONSUMER_WORD], 0);
  });

  test('hands out records in the order in which they were written, empty ones too', () => {
    const { writer, reader } = openRing();
    write(writer, 'one');
    write(writer, '');
    write(writer, 'three', 5);
    assert.deepEqual(readAll(reader), [
      { text: 'one', remaining: 0 },
      { text: '', remaining: 0 },
      { text: 'three', remaining: 5 },
    ]);
    assert.deepEqual(readAll(reader), []);
  });

  test('writes the part of the bytes that it is told to', () => {
    const { writer, reader } = openRing();
    writer.tryWrite(new Uint8Array([1, 2, 3, 4, 5]), 1, 4, 1);
    assert.deepEqual(readAll(reader), [{ text: '\x02\x03\x04', remaining: 1 }]);
  });

  test('says whether it is empty, and whether there was anything to read', () => {
    const { writer, reader } = openRing();
    assert.equal(reader.isEmpty(), true);
    assert.equal(
      reader.read(() => assert.fail()),
      false,
    );
    write(writer, 'a');
    write(writer, 'b');
    assert.equal(reader.isEmpty(), false);
    assert.equal(
      reader.read(() => {}),
      true,
    );
    assert.equal(reader.isEmpty(), true);
  });

  test('refuses a record when it is full, and changes nothing', () => {
    const { memory, writer, reader } = openRing();
    assert.equal(fill(writer, 120), 8);
    const before = Buffer.from(new Uint8Array(memory));
    assert.equal(write(writer, ''), false);
    assert.deepEqual(Buffer.from(new Uint8Array(memory)), before);
    assert.equal(readAll(reader).length, 8);
    assert.equal(write(writer, 'again'), true);
  });

  test('pads its end when a record does not fit there', () => {
    const { memory, writer, reader } = openRing();
    for (let i = 0; i < 9; i++) write(writer, 'x'.repeat(100));
    readAll(reader);
    // 9 × 112 B leave 16 B at the end: the header and 8 B.
    assert.equal(write(writer, 'nine byte'), true);
    assert.equal(Buffer.from(memory, DATA_OFFSET).readInt32LE(1008), -1);
    assert.equal(Buffer.from(memory, DATA_OFFSET).readInt32LE(0), 9);
    assert.deepEqual(texts(reader), ['nine byte']);
  });

  test('uses its end to the last byte', () => {
    const { words, writer, reader } = openRing();
    for (let i = 0; i < 9; i++) write(writer, 'x'.repeat(100));
    readAll(reader);
    write(writer, '8 bytes.');
    assert.equal(words[PRODUCER_WORD], 1024);
    assert.deepEqual(texts(reader), ['8 bytes.']);
  });

  test('counts padding as room that it needs', () => {
    const { writer, reader } = openRing();
    assert.equal(fill(writer, 100), 9);
    let read = 0;
    assert.throws(() =>
      reader.read(() => {
        read += 1;
        throw new Error('only one');
      }),
    );
    assert.equal(read, 1);
    // 112 B are free at the beginning and 16 B at the end: enough only for one of 112 B.
    assert.equal(write(writer, 'x'.repeat(105)), false);
    assert.equal(write(writer, 'x'.repeat(104)), true);
    assert.equal(texts(reader).length, 9);
  });

  test('takes the largest piece when it is empty, wherever its position is', () => {
    for (let position = 0; position < 1024; position += 8) {
      const { writer, reader } = openRing(position);
      assert.equal(write(writer, 'x'.repeat(writer.maxPieceBytes)), true);
      assert.equal(texts(reader)[0]?.length, 120);
    }
  });

  test('throws at a piece that is too large or has an impossible length', () => {
    const { writer } = openRing();
    const bytes = Buffer.alloc(200);
    const refused = /a piece of 121 B with 0 B to come, allowed are 0 to 120 B/;
    assert.throws(() => writer.tryWrite(bytes, 0, 121, 0), refused);
    assert.throws(() => writer.tryWrite(bytes, 10, 9, 0), RangeError);
    assert.throws(() => writer.tryWrite(bytes, 0, 9, -1), RangeError);
  });

  test('goes on with new ends where the old ones stopped', () => {
    const { memory, writer, reader } = openRing();
    write(writer, 'read');
    readAll(reader);
    write(writer, 'unread');
    const laterWriter = new RingWriter(memory);
    write(laterWriter, 'later');
    assert.deepEqual(texts(new RingReader(memory, () => {})), ['unread', 'later']);
  });

  for (const position of [2 ** 31 - 1024, 2 ** 31 - 8, 2 ** 32 - 1024, 2 ** 32 - 8, -(2 ** 31)]) {
    test(`carries on when its positions wrap, from ${position}`, () => {
      const { writer, reader } = openRing(position | 0);
      for (let round = 0; round < 40; round++) {
        const sent = [`${round}`, 'x'.repeat(round * 3), ''];
        for (const text of sent) assert.equal(write(writer, text), true);
        assert.deepEqual(texts(reader), sent);
      }
      assert.equal(fill(writer, 0), 128);
      assert.equal(readAll(reader).length, 128);
    });
  }
});
