import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../../src/shared/api/errors.ts';
import { inspectMsgpack, MAX_NESTING } from '../../../src/shared/codec/msgpack-bounds.ts';
import { createMsgpackCodec } from '../../../src/shared/codec/msgpack-codec.ts';

const codec = createMsgpackCodec({ eventPrefix: 'unused', maxEventNameBytes: 256 });
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** What is wrong with it; undefined: nothing. */
function findMsgpackFault(bytes: Uint8Array): string | undefined {
  try {
    inspectMsgpack(bytes);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof EngineError && error.code === 'ERR_MALFORMED_EVENT');
    return error.message.replace(/^malformed event: /, '');
  }
}

/** One value of each form of msgpack, the longest claims with bytes to match. */
const WHOLE = [
  ['fixint', '00', '7f', 'e0', 'ff'],
  ['nil and booleans', 'c0', 'c2', 'c3'],
  ['unsigned', 'cc01', 'cd0102', 'ce01020304', 'cf0102030405060708'],
  ['signed', 'd001', 'd10102', 'd201020304', 'd30102030405060708'],
  ['floats', 'ca00000000', 'cb0000000000000000'],
  ['strings', 'a0', 'a161', 'd90161', 'da000161', 'db0000000161', `bf${'61'.repeat(31)}`],
  ['bins', 'c400', 'c40161', 'c5000161', 'c60000000161'],
  ['arrays', '90', '9101', '920102', 'dc00020102', 'dd000000020102', `9f${'01'.repeat(15)}`],
  ['maps', '80', '81a16101', 'de0001a16101', 'df00000001a16101', `8f${'a001'.repeat(15)}`],
  ['timestamps', 'd6ff00000000', 'd7ff0000000000000000', 'c70cff000000000000000000000000'],
  ['nested', '9291908180c0', '93810190a0c400', '92cd0102cd0102'],
] as const;

for (const [name, ...wires] of WHOLE) {
  test(`finds no fault in ${name}, and one in every part of them and in more`, () => {
    const cut = name === 'timestamps' ? /./ : /^it ends too early$/;
    for (const wire of wires) {
      const bytes = hex(wire);
      assert.equal(findMsgpackFault(bytes), undefined, wire);
      for (let end = 0; end < bytes.length; end++) {
        assert.match(findMsgpackFault(bytes.subarray(0, end)) ?? '', cut, wire);
      }
      assert.equal(findMsgpackFault(hex(`${wire}00`)), 'bytes after the value', wire);
    }
  });
}

const EXTENSIONS = [
  ['a record definition', 'd4 72 40 91 a161 01'],
  ['a wide record definition', 'd5 72 40 00 91 a161 01'],
  ['a reference', 'd6 70 00000001'],
  ['an id', 'd6 69 00000001 90'],
  ['bundled strings', 'd6 62 00000004 a161 a162'],
  ['an error', 'd4 65 00 92 a161 a162'],
  ['a regular expression', 'd4 78 00 92 a12e a0'],
  ['a set', 'd4 73 00 90'],
  ['a typed array', 'c7 03 74 01 00 00'],
  ['a bigint', 'c7 09 42 010000000000000000'],
  ['undefined', 'd4 00 00'],
  ['a timestamp of no known length', 'd5 ff 0000'],
  ['an ext 8 of 12 bytes that is no timestamp', 'c7 0c 01 000000000000000000000000'],
  ['a short ext 8 that looks like a timestamp', 'c7 05 ff 0000000000'],
  ['a long extension', 'c8 0001 01 00'],
  ['a very long extension', 'c9 00000001 01 00'],
  ['a fixext 16', `d8 01 ${'00'.repeat(16)}`],
  ['the token that is never used', 'c1'],
] as const;

for (const [name, wire] of EXTENSIONS) {
  test(`lets in no extension: ${name}`, () => {
    assert.equal(findMsgpackFault(hex(wire)), 'an unknown extension');
    assert.throws(() => codec.decode(hex(`92 a165 ${wire}`)), /an unknown extension/);
  });
}

for (const [name, wire] of [
  ['an array of 4 billion', 'dd ffffffff 01'],
  ['a map of 4 billion', 'df ffffffff a161 01'],
  ['a map of 2 billion, which is 2 ** 32 values', 'df 80000000'],
  ['a string of 4 GB', 'db ffffffff 61'],
  ['a bin of 4 GB', 'c6 ffffffff 61'],
  ['arrays that each claim all that is left', `${'dc0040'.repeat(10)}${'00'.repeat(40)}`],
] as const) {
  test(`refuses ${name} in a few bytes`, () => {
    assert.equal(findMsgpackFault(hex(wire)), 'it ends too early');
  });
}

test('limits the nesting of arrays and of maps', () => {
  for (const open of ['91', '81a0', 'dc0001', 'de0001a0']) {
    assert.equal(findMsgpackFault(hex(`${open.repeat(MAX_NESTING)}c0`)), undefined);
    const fault = findMsgpackFault(hex(`${open.repeat(MAX_NESTING + 1)}c0`));
    assert.equal(fault, `more than ${MAX_NESTING} levels`);
  }
});

test('stands a megabyte of opening brackets', () => {
  for (const token of [0x91, 0x81, 0x9f]) {
    const message = new Uint8Array(2 ** 20).fill(token);
    assert.throws(() => codec.decode(message), /more than 128 levels/);
  }
});

test('a scan that stopped deep down leaves nothing behind for the next', () => {
  assert.notEqual(findMsgpackFault(hex('9f9f9f9f')), undefined);
  assert.equal(findMsgpackFault(hex('9191')), 'it ends too early');
  assert.equal(findMsgpackFault(hex('919101')), undefined);
});
