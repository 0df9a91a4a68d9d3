import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import {
  buildCloseFrame,
  buildControlFrame,
  buildFrame,
  OPCODES,
} from '../../../src/shared/codec/frame.ts';
import { FrameDeflater } from '../../../src/workers/deliver/deflate.ts';

const TAIL = Buffer.of(0, 0, 0xff, 0xff, 3, 0);

function headerBytes(frame: Buffer): number {
  const code = frame[1] as number;
  return code < 126 ? 2 : code === 126 ? 4 : 10;
}

function inflated(frame: Buffer, windowBits = 15): Buffer {
  const payload = frame.subarray(headerBytes(frame));
  // In small pieces, or the window would not be needed.
  return inflateRawSync(Buffer.concat([payload, TAIL]), { windowBits, chunkSize: 64 });
}

const deflater = new FrameDeflater({ threshold: 10, level: 1 });

test('messages from the threshold on are taken, control frames are not', () => {
  assert.equal(deflater.takes(buildFrame('x'.repeat(9))), false);
  assert.equal(deflater.takes(buildFrame('x'.repeat(10))), true);
  assert.equal(deflater.takes(buildFrame(Buffer.alloc(10))), true);
  for (const bytes of [125, 126, 65_535, 65_536]) {
    assert.equal(
      new FrameDeflater({ threshold: bytes, level: 1 }).takes(buildFrame(Buffer.alloc(bytes))),
      true,
    );
    assert.equal(
      new FrameDeflater({ threshold: bytes + 1, level: 1 }).takes(buildFrame(Buffer.alloc(bytes))),
      false,
    );
  }
  assert.equal(deflater.takes(buildControlFrame(OPCODES.PONG, Buffer.alloc(100))), false);
  assert.equal(deflater.takes(buildCloseFrame(1000, 'r'.repeat(100))), false);
});

for (const bytes of [10, 125, 126, 70_000, 2_000_000]) {
  test(`a compressed frame of ${bytes} bytes has RSV1, its opcode, and inflates to the same`, () => {
    const text = 'ab'.repeat(bytes / 2);
    const frame = deflater.deflate(buildFrame(text), 15);
    assert.equal(frame[0], 0xc1);
    assert.equal(String(inflated(frame)), text);
    const binary = deflater.deflate(buildFrame(Buffer.alloc(bytes)), 15);
    assert.equal(binary[0], 0xc2);
    assert.deepEqual(inflated(binary), Buffer.alloc(bytes));
  });
}

test('a frame that gets no shorter goes as it is', () => {
  const frame = buildFrame(randomBytes(100));
  assert.equal(deflater.deflate(frame, 15), frame);
});

test('a frame is compressed within the window of its receiver', () => {
  const text = randomBytes(500).toString('hex').repeat(3); // repeats what is 1000 bytes back
  const frame = buildFrame(text);
  const narrow = deflater.formFor(9, frame);
  const wide = deflater.formFor(15, frame);
  assert.ok(wide.length < narrow.length && narrow.length < frame.length);
  assert.throws(() => inflated(wide, 9), { code: 'Z_DATA_ERROR' });
  assert.equal(String(inflated(narrow, 9)), text);
});

test('a connection without compression gets the frame as it is', () => {
  const frame = buildFrame('x'.repeat(400));
  assert.equal(deflater.formFor(0, frame), frame);
  assert.equal(
    deflater.formFor(15, buildFrame('short')).toString(),
    buildFrame('short').toString(),
  );
});
