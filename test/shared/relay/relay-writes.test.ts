import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { RelayWrites } from '../../../src/shared/relay/relay-writes.ts';

/** Writes of 4 bytes at a time at most. */
function open() {
  const log: string[] = [];
  const writes = new RelayWrites(4, (bytes) => log.push(Buffer.from(bytes).toString()));
  const done = () => void log.push('done');
  const since = () => log.splice(0);
  return { writes, done, since };
}

const entries = (...texts: string[]) => texts.map((text) => ({ chunk: Buffer.from(text) }));

test('a chunk goes in parts, each behind the one that has been taken', () => {
  const { writes, done, since } = open();
  writes.write(Buffer.from('abcdefghij'), done);
  assert.deepEqual(since(), ['abcd']);
  assert.equal(writes.takenBytes, 0);
  writes.written();
  assert.deepEqual(since(), ['efgh']);
  assert.equal(writes.takenBytes, 4);
  writes.written();
  writes.written();
  assert.deepEqual(since(), ['ij', 'done']);
  assert.equal(writes.takenBytes, 10);
});

test('small chunks are joined, and no more than may be on their way', () => {
  const { writes, done, since } = open();
  writes.writeAll(entries('a', 'bc', 'd', 'e', 'fghijk', 'l'), done);
  for (let i = 0; i < 5; i++) writes.written();
  assert.deepEqual(since(), ['abcd', 'e', 'fghi', 'jk', 'l', 'done']);
});

test('bytes are a copy of the chunk alone, not of the memory that it is a part of', () => {
  const sent: Uint8Array[] = [];
  const writes = new RelayWrites(4, (bytes) => sent.push(bytes));
  writes.write(Buffer.from('abcdef').subarray(1, 4), () => {});
  assert.equal(sent[0]?.buffer.byteLength, 3);
});
