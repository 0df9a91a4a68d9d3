import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMsgpackCodec } from '../../../src/shared/codec/msgpack-codec.ts';

const codec = createMsgpackCodec({ eventPrefix: 'unused', maxEventNameBytes: 8 });
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const malformed = { name: 'EngineError', code: 'ERR_MALFORMED_EVENT' };
const decodePayload = (message: string | Uint8Array) => {
  const decoded = codec.decode(message);
  assert.ok('event' in decoded);
  return decoded.payload;
};
const roundTrip = (payload: unknown) => decodePayload(codec.encode('e', payload));

test('encodes an event as the array of its name and payload', () => {
  const message = codec.encode('chat', { n: 1, list: ['é', null, true] });
  const wire = '92 a463686174 82 a16e 01 a46c697374 93 a2c3a9 c0 c3';
  assert.deepEqual(new Uint8Array(message as Uint8Array), hex(wire));
  const payload = { n: 1, list: ['é', null, true] };
  assert.deepEqual(codec.decode(hex(wire)), { event: 'chat', payload });
});

test('encodes an event without a payload with nil, which arrives as null', () => {
  const message = codec.encode('e');
  assert.deepEqual(new Uint8Array(message as Uint8Array), hex('92 a165 c0'));
  assert.deepEqual(codec.decode(message), { event: 'e', payload: null });
});

test('takes a top-level bin for a native message, of every length form', () => {
  for (const [header, length] of [
    ['c4 00', 0],
    ['c4 ff', 255],
    ['c5 0100', 256],
    ['c6 00010000', 65_536],
  ] as const) {
    const data = new Uint8Array(length).fill(7);
    const wire = Buffer.concat([hex(header), data]);
    assert.deepEqual(Buffer.from(codec.encodeMessage(data) as Uint8Array), wire);
    assert.deepEqual(codec.decode(wire), { native: data });
  }
});

test('takes a text message for a native one', () => {
  assert.equal(codec.encodeMessage('hi'), 'hi');
  assert.deepEqual(codec.decode('hi'), { native: 'hi' });
});

test('carries integers past 32 bits, and an object of 70,000 keys', () => {
  assert.equal(roundTrip(1_765_432_109_876), 1_765_432_109_876);
  assert.deepEqual(roundTrip(manyKeys()), manyKeys());
});

function manyKeys(): Record<string, number> {
  return Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]));
}

test('decodes 64-bit integers of other clients as numbers where those are exact', () => {
  assert.equal(decodePayload(hex('92 a165 cf 000000e8d4a51000')), 1e12);
  assert.equal(decodePayload(hex('92 a165 d3 ffffff172b5af000')), -1e12);
  assert.equal(decodePayload(hex('92 a165 cf ffffffffffffffff')), 2n ** 64n - 1n);
});

test('decodes a timestamp of 32, 64 and 96 bits', () => {
  assert.deepEqual(decodePayload(hex('92 a165 d6ff 00000001')), new Date(1000));
  assert.deepEqual(decodePayload(hex('92 a165 d7ff 77359400 00000001')), new Date(1500));
  const wide = hex('92 a165 c70cff 1dcd6500 0000000000000001');
  assert.deepEqual(decodePayload(wide), new Date(1500));
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { v: value };
  return value;
}

class Endless {
  toJSON(): Endless {
    return new Endless();
  }
}

const circular: unknown[] = [];
circular.push(circular);
for (const [name, payload] of Object.entries({
  'a function': () => 1,
  'a symbol': Symbol('s'),
  'a symbol inside': [Symbol('s')],
  'a bigint past 64 bits': 2n ** 64n,
  'a circular array': circular,
  'a toJSON without end': new Endless(),
  'a view inside that is no Uint8Array': { a: [new Float64Array(1)] },
  'a view in a Map': new Map([['a', new DataView(new ArrayBuffer(1))]]),
  'an object as the key of a Map': new Map([[{}, 1]]),
  'a view as the key of a Map': new Map([[new Uint16Array(1), 1]]),
  'a view in a Set': new Set([new Uint16Array(1)]),
  'a view as the cause of an error': new Error('e', { cause: new Uint16Array(1) }),
  'a view in what toJSON returns': new (class {
    toJSON() {
      return [new Uint16Array(1)];
    }
  })(),
  'more levels than a peer may send': nested(128),
})) {
  test(`does not encode ${name}`, () => {
    const unencodable = { name: 'EngineError', code: 'ERR_PAYLOAD' };
    assert.throws(() => codec.encode('e', payload), unencodable);
    assert.throws(() => codec.encodeAnswer(1, payload), unencodable);
    assert.deepEqual(roundTrip('next'), 'next');
  });
}

test('what has a toJSON is asked once, and what it says is what is written', () => {
  let calls = 0;
  const flips = [() => 1, () => ({ v: new Float64Array(6) })];
  const flip = { v: new Float64Array(6), toJSON: () => flips[calls++]?.() };
  assert.deepEqual(codec.encode('e', [flip]), codec.encode('e', [1]));
  assert.equal(calls, 1);
  class Flip {
    toJSON = flip.toJSON;
  }
  assert.throws(() => codec.encode('e', new Flip()), { code: 'ERR_PAYLOAD' });
  assert.equal(calls, 2);
});

test('a payload is left as it is, whatever stands in for a part of it', () => {
  const inner = { date: new Date(0), f: () => 1, set: new Set([1]) };
  const map = new Map([['a', inner]]);
  const payload = { inner, list: [inner, map] };
  const before = structuredClone({ date: inner.date, set: inner.set });
  const inPlace = { date: new Date(0), f: null, set: [1] };
  assert.deepEqual(roundTrip(payload), { inner: inPlace, list: [inPlace, { a: inPlace }] });
  assert.deepEqual({ date: inner.date, set: inner.set }, before);
  assert.equal(inner.f(), 1);
  assert.deepEqual(payload, { inner, list: [inner, map] });
  assert.ok(payload.list[1] === map && payload.inner === inner);
});

test('carries as many levels as it says', () => {
  assert.deepEqual(roundTrip(nested(127)), nested(127));
});

test('limits event names by their bytes, both ways', () => {
  assert.deepEqual(codec.decode(codec.encode('12345678', 1)), { event: '12345678', payload: 1 });
  for (const event of ['', 'a;b', '123456789', 'éééé!']) {
    assert.throws(() => codec.encode(event), { name: 'EngineError', code: 'ERR_EVENT_NAME' });
  }
  assert.throws(() => codec.decode(hex('92 a0 01')), malformed);
  assert.throws(() => codec.decode(hex('92 a9313233343536373839 01')), malformed);
});

test('refuses a native message that is neither a string nor bytes', () => {
  assert.throws(() => codec.encodeMessage({} as string), { code: 'ERR_PAYLOAD' });
});

for (const [name, wire] of [
  ['nothing', ''],
  ['a top-level string', 'a165'],
  ['a top-level map', '81 a165 01'],
  ['an array of one', '91 a165'],
  ['an array of four', '94 a165 01 02 03'],
  ['a fraction for a name', '92 cb3ff8000000000000 01'],
  ['nil for a name', '92 c0 01'],
  ['bytes for a name', '92 c40165 01'],
  ['an array for a name', '92 91a165 01'],
  ['a name with the separator of the text codec', '92 a3613b62 01'],
  ['a name that is the separator', '92 a13b 01'],
  ['bytes behind it', '92 a165 01 00'],
  ['a map with an array for a key', '92 a165 81 90 01'],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(() => codec.decode(hex(wire)), malformed);
    assert.deepEqual(roundTrip('next'), 'next');
  });
}

test('shares no memory with the message it decodes', () => {
  const event = Buffer.from(codec.encode('e', { b: new Uint8Array([1, 2]) }) as Uint8Array);
  const native = Buffer.from(codec.encodeMessage(new Uint8Array([1, 2])) as Uint8Array);
  const results = [codec.decode(event), codec.decode(native)];
  event.fill(0);
  native.fill(0);
  const bytes = new Uint8Array([1, 2]);
  assert.deepEqual(results, [{ event: 'e', payload: { b: bytes } }, { native: bytes }]);
});

test('decodes a part of a larger buffer', () => {
  const message = Buffer.from(codec.encode('e', 'text') as Uint8Array);
  const slab = Buffer.concat([Buffer.alloc(3, 0xc1), message, Buffer.alloc(3, 0xc1)]);
  const part = slab.subarray(3, 3 + message.length);
  assert.deepEqual(codec.decode(part), { event: 'e', payload: 'text' });
});
