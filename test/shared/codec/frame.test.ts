import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../../src/shared/api/errors.ts';
import {
  buildCloseFrame,
  buildControlFrame,
  buildFrame,
  encodeFrame,
  frameHeaderBytes,
  headerBytesOf,
  isValidCloseCode,
  OPCODES,
  opcodeOf,
  payloadBytesOf,
  payloadStartOf,
  writeFrameHeader,
} from '../../../src/shared/codec/frame.ts';
import { outcomesOfWs } from '../../conformance/ws-receiver.ts';

const MASK = 0x80;

const HEADERS: readonly (readonly [payloadBytes: number, header: string])[] = [
  [0, '8200'],
  [125, '827d'],
  [126, '827e007e'],
  [255, '827e00ff'],
  [256, '827e0100'],
  [65_535, '827effff'],
  [65_536, '827f0000000000010000'],
  [2 ** 32 - 1, '827f00000000ffffffff'],
  [2 ** 32 + 5, '827f0000000100000005'],
];

describe('a frame header', () => {
  for (const [payloadBytes, header] of HEADERS) {
    test(`of ${payloadBytes} bytes of payload is ${header}`, () => {
      const target = Buffer.alloc(14, 0xee);
      const end = writeFrameHeader(target, 2, OPCODES.BINARY, payloadBytes);
      assert.equal(target.toString('hex', 2, end), header);
      assert.equal(end - 2, frameHeaderBytes(payloadBytes));
      assert.equal(target.toString('hex', 0, 2), 'eeee');
      assert.ok(target.subarray(end).every((byte) => byte === 0xee));
    });

    test(`that reads ${header} says its own length, its opcode, and ${payloadBytes} bytes`, () => {
      const frame = Buffer.from(header, 'hex');
      assert.equal(payloadStartOf(frame), frame.length);
      assert.equal(headerBytesOf(frame[1] as number), frame.length);
      assert.equal(opcodeOf(frame), OPCODES.BINARY);
      const behindOthers = Buffer.concat([Buffer.alloc(3, 0xee), frame]);
      assert.equal(payloadBytesOf(behindOthers, 3), payloadBytes);
      behindOthers.writeUInt8((frame[1] as number) | MASK, 4);
      assert.equal(payloadBytesOf(behindOthers, 3), payloadBytes, 'of a masked frame too');
    });
  }
});

describe('a message frame', () => {
  test('is a text frame for a string (RFC 6455 §5.7)', () => {
    assert.equal(buildFrame('Hello').toString('hex'), '810548656c6c6f');
  });

  test('is a binary frame for bytes', () => {
    assert.equal(buildFrame(Uint8Array.of(0, 255)).toString('hex'), '820200ff');
  });

  test('may be empty', () => {
    assert.equal(buildFrame('').toString('hex'), '8100');
    assert.equal(buildFrame(new Uint8Array()).toString('hex'), '8200');
  });

  test('counts bytes of UTF-8, not characters', () => {
    const frame = buildFrame('€'.repeat(42));
    assert.equal(frame.toString('hex', 0, 4), '817e007e');
    assert.equal(frame.toString('utf8', 4), '€'.repeat(42));
  });

  test('has U+FFFD for a lone surrogate', () => {
    assert.equal(buildFrame('\ud800a\udfff').toString('hex'), '8107efbfbd61efbfbd');
  });

  test('is a copy of the bytes', () => {
    const message = Uint8Array.of(1, 2);
    const frame = buildFrame(message);
    message.fill(0);
    assert.equal(frame.toString('hex'), '82020102');
  });

  test('lies behind the prefix that was asked for, with nothing behind it', () => {
    for (const message of ['text', Uint8Array.of(1, 2, 3), 'x'.repeat(70_000)]) {
      const frame = buildFrame(message);
      const prefixed = encodeFrame(message, 24);
      assert.equal(prefixed.length, 24 + frame.length);
      assert.deepEqual(prefixed.subarray(24), frame);
    }
  });

  test('is what ws reads the same message from', () => {
    const messages = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('x'.repeat(65_535), 'x'.repeat(65_536)),
    );
    fc.assert(
      fc.property(messages, (message) => {
        const isText = typeof message === 'string';
        const expect = isText
          ? `text ${message}`
          : `binary ${Buffer.from(message).toString('hex')}`;
        assert.deepEqual(outcomesOfWs({ isServer: false }, buildFrame(message)), [expect]);
      }),
    );
  });
});

describe('a control frame', () => {
  test('carries its opcode and payload', () => {
    const payload = Buffer.from('Hello');
    assert.equal(buildControlFrame(OPCODES.PING, payload).toString('hex'), '890548656c6c6f');
    assert.equal(buildControlFrame(OPCODES.PONG).toString('hex'), '8a00');
  });

  test('carries 125 bytes and not 126', () => {
    assert.equal(buildControlFrame(OPCODES.PING, Buffer.alloc(125)).length, 127);
    assert.throws(
      () => buildControlFrame(OPCODES.PING, Buffer.alloc(126)),
      (error) => isError(error, 'ERR_PAYLOAD', /125.*126/),
    );
  });
});

describe('a close frame', () => {
  test('carries a code and a reason', () => {
    assert.equal(buildCloseFrame(1000, 'bye').toString('hex'), '880503e8627965');
    assert.equal(buildCloseFrame(4999).toString('hex'), '88021387');
  });

  test('may carry nothing', () => {
    assert.equal(buildCloseFrame().toString('hex'), '8800');
  });

  test('takes a reason of 123 bytes and not of 124', () => {
    assert.equal(buildCloseFrame(1000, 'é'.repeat(61)).length, 4 + 122);
    assert.equal(buildCloseFrame(1000, 'r'.repeat(123)).length, 127);
    assert.throws(
      () => buildCloseFrame(1000, 'é'.repeat(62)),
      (error) => isError(error, 'ERR_CLOSE_CODE', /123.*124/),
    );
  });

  test('takes no reason without a code', () => {
    assert.throws(
      () => buildCloseFrame(undefined, 'bye'),
      (error) => isError(error, 'ERR_CLOSE_CODE', /code/),
    );
  });

  test('takes no code that must not be sent', () => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN]) {
      assert.throws(
        () => buildCloseFrame(code),
        (error) => isError(error, 'ERR_CLOSE_CODE', new RegExp(`${code} .*3000-4999`)),
      );
    }
  });
});

test('the valid close codes are 1000-1003, 1007-1014 and 3000-4999', () => {
  const valid = Array.from({ length: 70_000 }, (_, code) => code).filter(isValidCloseCode);
  assert.equal(valid.length, 4 + 8 + 2000);
  assert.deepEqual(
    valid.slice(0, 13),
    [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000],
  );
  assert.equal(valid.at(-1), 4999);
});

function isError(error: unknown, code: string, message: RegExp): true {
  assert.ok(error instanceof EngineError);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
}
