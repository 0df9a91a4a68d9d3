import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  allocateRing,
  CONSUMER_WORD,
  capacityOf,
  DATA_OFFSET,
  PRODUCER_WORD,
  ringCapacity,
} from '../../src/shared/ring-buffer.ts';
import { RingReader } from '../../src/shared/ring-reader.ts';
import { RingWriter } from '../../src/shared/ring-writer.ts';

const MIB = 2 ** 20;

interface Piece {
  text: string;
  remaining: number;
}

/** Both ends of a ring of 1 KiB, whose pieces are 120 B at most, from a position on. */
function openRing(position = 0) {
  const memory = allocateRing(1024);
  const words = new Int32Array(memory);
  words[PRODUCER_WORD] = position;
  words[CONSUMER_WORD] = position;
  let roomCalls = 0;
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory, () => {
    roomCalls += 1;
  });
  return { memory, words, writer, reader, roomCalls: () => roomCalls };
}

function write(writer: RingWriter, text: string, remaining = 0): boolean {
  const bytes = Buffer.from(text);
  return writer.tryWrite(bytes, 0, bytes.length, remaining);
}

function readAll(reader: RingReader): Piece[] {
  const pieces: Piece[] = [];
  reader.read((bytes, start, end, remaining) => {
    pieces.push({ text: bytes.toString('latin1', start, end), remaining });
  });
  return pieces;
}

function texts(reader: RingReader): string[] {
  return readAll(reader).map(({ text }) => text);
}

/** Writes records of the size given until there is no room, and says how many went in. */
function fill(writer: RingWriter, bytes: number): number {
  let records = 0;
  while (write(writer, 'x'.repeat(bytes))) records += 1;
  return records;
}

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

  test('counts what it reads and says when it is empty', () => {
    const { writer, reader } = openRing();
    assert.equal(reader.isEmpty(), true);
    assert.equal(
      reader.read(() => assert.fail()),
      0,
    );
    write(writer, 'a');
    write(writer, 'b');
    assert.equal(reader.isEmpty(), false);
    assert.equal(
      reader.read(() => {}),
      2,
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

describe('a ring reader', () => {
  test('reads only what was there when it began', () => {
    const { writer, reader } = openRing();
    write(writer, 'first');
    const read = reader.read(() => write(writer, 'second'));
    assert.equal(read, 1);
    assert.deepEqual(texts(reader), ['second']);
  });

  test('makes room after each quarter of the ring, not only at the end', () => {
    const { writer, reader } = openRing();
    fill(writer, 120);
    const written: boolean[] = [];
    reader.read(() => written.push(write(writer, 'x'.repeat(120))));
    assert.deepEqual(written, [false, false, true, true, true, true, true, true]);
  });

  test('does not give a record away while its handler runs', () => {
    const { writer, reader } = openRing();
    fill(writer, 120);
    reader.read((bytes, start, end) => {
      write(writer, 'y'.repeat(120));
      assert.equal(bytes.toString('latin1', start, end), 'x'.repeat(120));
    });
  });

  test('passes on what its handler throws, and counts the record as read', () => {
    const { writer, reader } = openRing();
    for (const text of ['a', 'b', 'c']) write(writer, text);
    const seen: string[] = [];
    const readUntilB = () =>
      reader.read((bytes, start, end) => {
        const text = bytes.toString('latin1', start, end);
        seen.push(text);
        if (text === 'b') throw new Error('b is bad');
      });
    assert.throws(readUntilB, /b is bad/);
    assert.equal(readUntilB(), 1);
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });

  test('makes room also when its handler throws', () => {
    const { writer, reader } = openRing();
    fill(writer, 120);
    const fail = () => {
      throw new Error('no');
    };
    assert.throws(() => reader.read(fail), /no/);
    assert.equal(write(writer, 'x'.repeat(120)), true);
  });

  test('throws when its handler reads the same ring', () => {
    const { writer, reader } = openRing();
    write(writer, 'a');
    write(writer, 'b');
    assert.throws(() => reader.read(() => reader.read(() => {})), /by a handler of its own/);
    assert.deepEqual(texts(reader), ['b']);
  });
});

describe('a room request', () => {
  test('is answered once, when the reader has made room', () => {
    const { writer, reader, roomCalls } = openRing();
    fill(writer, 120);
    assert.equal(writer.requestRoom(), false);
    assert.equal(roomCalls(), 0);
    readAll(reader);
    assert.equal(roomCalls(), 1);
    fill(writer, 120);
    readAll(reader);
    assert.equal(roomCalls(), 1);
  });

  test('is not needed when there has been made room since', () => {
    const { writer, reader } = openRing();
    fill(writer, 120);
    readAll(reader);
    assert.equal(writer.requestRoom(), true);
  });

  test('is for as much as was refused', () => {
    const { writer, reader } = openRing();
    fill(writer, 24);
    const readOne = () =>
      reader.read(() => {
        throw new Error('one is enough');
      });
    assert.equal(write(writer, 'x'.repeat(50)), false);
    assert.throws(readOne);
    assert.equal(writer.requestRoom(), false);
    assert.throws(readOne);
    assert.equal(writer.requestRoom(), true);
    assert.equal(write(writer, 'x'.repeat(50)), true);
  });
});
