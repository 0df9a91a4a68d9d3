import { strict as assert } from 'node:assert';
import { constants } from 'node:buffer';
import { describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { FrameReader } from '../../../src/workers/read/frame-reader.ts';
import { binary, firstText, frame, text } from '../../conformance/client-frames.ts';
import { cut, outcomesOf, RecordingSink, readChunk } from './recording-sink.ts';

const SHORT_TEXTS = { maxMessageSize: 1000, maxTextSize: 100, maxFragments: 8 };
const TOO_LARGE = ['violation 1009'];

/** A compressed message (RFC 7692 section 7.2.1), in one frame or two. */
function compressed(opcode: 1 | 2, bytes: number, frames = 1): Buffer {
  const payload = Buffer.concat([deflateRawSync(Buffer.alloc(bytes, 'a')), Buffer.of(0)]);
  if (frames === 1) return frame(0xc0 | opcode, payload);
  return Buffer.concat([
    frame(0x40 | opcode, payload.subarray(0, -1)),
    frame(0x80, payload.subarray(-1)),
  ]);
}

describe('a text may have fewer bytes than another message:', () => {
  for (const [title, sends, isLegal] of [
    ['in a frame', text('a'.repeat(101)), false],
    ['in a frame, and fits', text('a'.repeat(100)), true],
    ['in fragments', Buffer.concat([firstText('a'), frame(0x80, 'a'.repeat(100))]), false],
    ['compressed', compressed(1, 101), false],
    ['compressed, and fits', compressed(1, 100), true],
    ['compressed in fragments', compressed(1, 101, 2), false],
    ['binary', binary('a'.repeat(101)), true],
    ['binary and compressed', compressed(2, 101), true],
    ['binary and compressed in fragments', compressed(2, 101, 2), true],
  ] as const) {
    test(title, () => {
      for (const size of [1, 4096]) {
        const outcomes = outcomesOf(SHORT_TEXTS, cut(Buffer.from(sends), [size]), true);
        if (isLegal) assert.match(`${outcomes}`, /^(text|binary) /);
        else assert.deepEqual(outcomes, TOO_LARGE);
      }
    });
  }
});

test('a text that is too long is refused before its last frame has come', () => {
  const whole = compressed(1, 900, 2);
  const begun = whole.subarray(0, -7); // a frame of one byte
  assert.deepEqual(outcomesOf(SHORT_TEXTS, [Buffer.from(begun)], true), TOO_LARGE);
  const other = compressed(2, 900, 2).subarray(0, -7);
  assert.deepEqual(outcomesOf(SHORT_TEXTS, [Buffer.from(other)], true), []);
});

for (const inflates of [false, true]) {
  test(`no text is longer than any string: ${inflates ? 'compressed or not' : 'plain'}`, () => {
    const header = Buffer.alloc(14);
    header.writeUInt16BE(0x81ff);
    header.writeBigUInt64BE(BigInt(constants.MAX_STRING_LENGTH) + 1n, 2);
    const sink = new RecordingSink();
    const limits = { maxMessageSize: 2 ** 30, maxFragments: 8 };
    readChunk(new FrameReader(limits, sink, inflates), header);
    assert.deepEqual(sink.outcomes, TOO_LARGE);
  });
}
