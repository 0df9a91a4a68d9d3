import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fill, openRing, readAll, texts, write } from './open-ring.ts';

describe('a ring reader', () => {
  test('reads only what was there when it began', () => {
    const { writer, reader } = openRing();
    write(writer, 'first');
    reader.read(() => write(writer, 'second'));
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
    assert.equal(readUntilB(), true);
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
