import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Unpackr } from 'msgpackr/unpack';
import { unpackCarefully } from '../../../src/shared/codec/careful-unpack.ts';
import { inspectMsgpack } from '../../../src/shared/codec/msgpack-bounds.ts';
import { createMsgpackCodec } from '../../../src/shared/codec/msgpack-codec.ts';
import { payloads } from './hostile-messages.ts';

const codec = createMsgpackCodec({ eventPrefix: 'unused', maxEventNameBytes: 256 });
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true, int64AsType: 'auto' });

const tokens = fc.constantFrom(
  ...[0x00, 0x05, 0x7f, 0x80, 0x81, 0x82, 0x90, 0x91, 0x92, 0xa0, 0xa1, 0xa3, 0xbf, 0xc0, 0xc2],
  ...[0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3],
  ...[0xd6, 0xd7, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xef, 0xff, 0x01, 0x02, 0x0c],
);

test('decodes whatever has no fault as msgpackr does, but for what it is there for', () => {
  let compared = 0;
  const noise = fc.array(fc.oneof(tokens, fc.nat(255)), { maxLength: 24 });
  const sound = payloads.map((payload) => codec.encode('e', payload) as Uint8Array);
  const wires = fc.oneof(
    noise.map((bytes) => Uint8Array.from(bytes)),
    sound.map((bytes) => new Uint8Array(bytes)),
  );
  const property = fc.property(wires, (wire) => {
    if (!isPlain(wire)) return;
    compared++;
    assert.deepEqual(
      attempt(unpackCarefully, wire),
      attempt((w) => unpackr.unpack(w), wire),
    );
  });
  fc.assert(property, { numRuns: 20_000 });
  assert.ok(compared > 2000, `${compared} were compared`);
});

function isPlain(wire: Uint8Array): boolean {
  try {
    return !inspectMsgpack(wire);
  } catch {
    return false;
  }
}

function attempt(decode: (wire: Uint8Array) => unknown, wire: Uint8Array): unknown {
  try {
    return { value: decode(wire) };
  } catch {
    return 'it throws';
  }
}

for (const [what, wire, isTricky] of [
  ['a name for a key', '81 a161 01', false],
  ['a number for a value', '81 a161 05', false],
  ['numbers in an array', '93 05 06 07', false],
  ['digits in a string', '92 a131 81 a161 a132', false],
  ['a number for a key', '81 05 01', true],
  ['a number for the second key', '82 a161 01 05 01', true],
  ['a number for a key behind a nested map', '82 a161 81 a162 01 05 01', true],
  ['a number of 16 bits', '81 cd03fe 00', true],
  ['a fraction for a key', '81 cb3ff0000000000000 00', true],
  ['digits for a key', '81 a431303232 00', true],
  ['digits of a long string for a key', '81 d90431303232 00', true],
  ['digits in a large map', 'de0001 a131 00', true],
  ['a byte order mark in a short string', 'a4 efbbbf61', false],
  ['a byte order mark in a long string', `d940 efbbbf ${'61'.repeat(61)}`, true],
  ['a byte order mark in a longer string', `da0040 efbbbf ${'61'.repeat(61)}`, true],
  ['a byte order mark further behind', `d940 61efbbbf ${'61'.repeat(60)}`, false],
  ['bytes like that', `c440 efbbbf ${'61'.repeat(61)}`, false],
] as const) {
  test(`${what}: ${isTricky ? 'tricky' : 'plain'}`, () => {
    assert.equal(inspectMsgpack(hex(wire)), isTricky);
    const decoded = codec.decode(hex(`92 a165 ${wire}`)) as { payload: unknown };
    assert.deepEqual(decoded.payload, unpackCarefully(hex(wire)));
  });
}

test('keys that are numbers are names, whatever they look like', () => {
  const payload = { '': 'x', 5: 1, 1022: 2, 4294967294: 3, 4294967295: 4, 4294967296: 5, b: 6 };
  assert.deepEqual(codec.decode(codec.encode('e', payload)), { event: 'e', payload });
  const wire = '88 00a0 ccff01 cdffff02 ceffffffff03 ff04 cb3ff800000000000005 c206 c007';
  const { payload: decoded } = codec.decode(hex(`92 a165 ${wire}`)) as { payload: unknown };
  const expected = { 0: '', 255: 1, 65535: 2, 4294967295: 3, '-1': 4, 1.5: 5, false: 6, null: 7 };
  assert.deepEqual(decoded, expected);
});

test('a list in an object stays as it is, however long', () => {
  const payload = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [i, `${i}`]));
  assert.deepEqual(codec.decode(codec.encode('e', payload)), { event: 'e', payload });
});

test('no key makes the prototype of an object another one', () => {
  for (const wire of ['82 a15f 00 a95f5f70726f746f5f5f 80', '82 05 00 a95f5f70726f746f5f5f 80']) {
    const decoded = codec.decode(hex(`92 a165 ${wire}`)) as { payload: object };
    assert.equal(Object.getPrototypeOf(decoded.payload), Object.prototype);
    assert.ok(Object.hasOwn(decoded.payload, '__proto_'));
  }
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

for (const [what, map] of [
  ['numbers', '82 cd03fe 00 cd0a0c 00'],
  ['small numbers', '81 7f 00'],
  ['digits', '82 a431303232 00 a432353732 00'],
  ['digits of long strings', '81 d90431303232 00'],
  ['fractions without a fraction', '81 cb408ff00000000000 00'],
] as const) {
  test(`keys that are ${what} do not make a few bytes a lot of memory`, () => {
    const count = 4096;
    const unit = hex(map);
    const wire = Buffer.concat([hex('92 a165 dc1000'), ...Array<Uint8Array>(count).fill(unit)]);
    codec.decode(wire);
    collect();
    const before = process.memoryUsage().heapUsed;
    const decoded = codec.decode(wire);
    collect();
    const each = (process.memoryUsage().heapUsed - before) / count;
    assert.equal((decoded as { payload: unknown[] }).payload.length, count);
    assert.ok(each < 512, `${each} B for an object of ${unit.length} B`);
  });
}

test('a byte order mark is a character like any other, in a value, a key and a name', () => {
  for (const length of [1, 31, 32, 63, 64, 65, 255, 256, 70_000]) {
    const marked = `\ufeff${'x'.repeat(length - 1)}`;
    const payload = { [marked]: [marked, `${marked}\ufeff`] };
    const event = marked.slice(0, 80);
    assert.deepEqual(codec.decode(codec.encode(event, payload)), { event, payload });
  }
});
