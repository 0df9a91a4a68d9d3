import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildClientFrame } from '../../src/load/client-frame.ts';
import { FrameScanner } from '../../src/load/frame-scanner.ts';
import { buildFrame, OPCODES } from '../../src/shared/codec/frame.ts';
import { text } from '../conformance/client-frames.ts';

/** Scans chunks and notes what the sink is told; of a message the first 256 bytes. */
function scan(chunks: Iterable<Buffer>): string[] {
  const seen: string[] = [];
  const note = (kind: string) => (bytes: Buffer, start: number, end: number) => {
    seen.push(`${kind} ${bytes.toString('latin1', start, end)}`);
  };
  const scanner = new FrameScanner({
    onMessage: note('message'),
    onPing: note('ping'),
    onClose: note('close'),
  });
  for (const chunk of chunks) {
    const padded = Buffer.concat([Buffer.from('??'), chunk, Buffer.from('?')]);
    scanner.scan(padded, 2, 2 + chunk.length);
    padded.fill('!'); // the next read overwrites it
  }
  return seen;
}

function split(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const at = cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b);
  return [...at, stream.length].map((end, i) => stream.subarray(at[i - 1] ?? 0, end));
}

const payload = fc.oneof(
  fc.integer({ min: 0, max: 130 }),
  fc.integer({ min: 200, max: 300 }),
  fc.constant(70_000),
);

test('finds the same messages, however the stream is cut', () => {
  const cuts = fc.array(fc.nat(100_000), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(payload, { minLength: 1, maxLength: 8 }), cuts, (sizes, where) => {
      const texts = sizes.map((size, i) => `${i}:`.padEnd(size, 'x'));
      const stream = Buffer.concat(texts.map((each) => buildFrame(each)));
      const expected = texts.map((each) => `message ${each.slice(0, 256)}`);
      assert.deepEqual(scan(split(stream, where)), expected);
    }),
  );
});

test('finds what comes a byte at a time', () => {
  const stream = Buffer.concat([buildFrame('a'.repeat(126)), buildFrame(''), buildFrame('b')]);
  const bytes = Array.from(stream, (byte) => Buffer.of(byte));
  assert.deepEqual(scan(bytes), [`message ${'a'.repeat(126)}`, 'message ', 'message b']);
});

test('counts a message in fragments once, with its first bytes, pings in between', () => {
  const stream = Buffer.concat([
    Buffer.of(0x01, 2, 0x61, 0x62), // text "ab", to be continued
    Buffer.of(0x89, 1, 0x70), // ping "p"
    Buffer.of(0x00, 1, 0x63),
    Buffer.of(0x80, 1, 0x64),
    Buffer.of(0x88, 2, 0x03, 0xe8),
  ]);
  const expected = ['ping p', 'message ab', 'close \x03\xe8'];
  assert.deepEqual(scan([stream]), expected);
  assert.deepEqual(scan(split(stream, [1, 3, 5, 6, 8, 12])), expected);
});

test('a frame with a key of zeros is one that a server unmasks to what it was made of', () => {
  for (const size of [0, 125, 126, 65_535, 65_536]) {
    const bytes = Buffer.alloc(size, 'x');
    const zeros = new Uint8Array(4);
    const frame = buildClientFrame(OPCODES.TEXT, bytes);
    const reference = text(bytes);
    assert.equal(frame.length, reference.length, `${size} bytes`);
    const header = frame.length - size - zeros.length;
    assert.deepEqual(frame.subarray(0, header), reference.subarray(0, header));
    assert.deepEqual(frame.subarray(header), Buffer.concat([zeros, bytes]));
  }
});
