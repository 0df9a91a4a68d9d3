import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTextCodec, DEFAULT_EVENT_PREFIX } from '../../../src/shared/codec/text-codec.ts';
import vectors from '../../wire/text-vectors.json' with { type: 'json' };

const options = { eventPrefix: vectors.prefix, maxEventNameBytes: 256 };
const codec = createTextCodec(options);
const bytes = (text: string) => new TextEncoder().encode(text);
const malformed = { name: 'EngineError', code: 'ERR_MALFORMED_EVENT' };

test('the default prefix is the one of the vectors', () => {
  assert.equal(DEFAULT_EVENT_PREFIX, vectors.prefix);
});

for (const { event, payload, wire } of vectors.valid) {
  test(`encodes and decodes ${wire}`, () => {
    assert.equal(codec.encode(event, payload), wire);
    assert.deepEqual(codec.decode(wire), { event, payload });
  });
}

for (const { wire, event, payload, why } of vectors.decodeOnly) {
  test(`decodes ${wire}: ${why}`, () => {
    assert.deepEqual(codec.decode(wire), { event, payload });
  });
}

for (const { wire, why } of vectors.malformed) {
  test(`refuses '${wire}': ${why}`, () => {
    assert.throws(() => codec.decode(wire), malformed);
    assert.throws(() => codec.decode(bytes(wire)), malformed);
  });
}

for (const { wire, why } of vectors.native) {
  test(`takes '${wire}' for a native message: ${why}`, () => {
    assert.deepEqual(codec.decode(wire), { native: wire });
    assert.deepEqual(codec.decode(bytes(wire)), { native: bytes(wire) });
    assert.equal(codec.encodeMessage(wire), wire);
  });
}

for (const { event, payload, code, why } of vectors.unencodable) {
  test(`does not encode the event '${event}': ${why}`, () => {
    assert.throws(() => codec.encode(event, payload), { name: 'EngineError', code });
  });
}

test('encodes an event without a payload as an empty string', () => {
  assert.equal(codec.encode('ready'), `${vectors.prefix}ready;0;`);
});

test('encodes numbers past the safe integers as JSON', () => {
  assert.equal(codec.encode('n', 2 ** 53), `${vectors.prefix}n;4;9007199254740992`);
  assert.equal(codec.encode('n', 2 ** 53 - 1), `${vectors.prefix}n;1;9007199254740991`);
  assert.equal(codec.encode('n', 1e300), `${vectors.prefix}n;4;1e+300`);
});

const circular: Record<string, unknown> = {};
circular.self = circular;
const thrower = {
  toJSON() {
    throw new Error('no');
  },
};
for (const [name, payload] of Object.entries({
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  'a bigint': 1n,
  'a function': () => 1,
  'a symbol': Symbol('s'),
  'a circular object': circular,
  'a bigint in an object': { a: 1n },
  'an object whose toJSON throws': thrower,
})) {
  test(`does not encode ${name}`, () => {
    assert.throws(() => codec.encode('e', payload), { name: 'EngineError', code: 'ERR_PAYLOAD' });
  });
}

test('says why a payload cannot be encoded, or an event not decoded', () => {
  for (const [fail, message, cause] of [
    [() => codec.encode('e', thrower), /^cannot encode: no$/, 'Error'],
    [() => codec.decode(`${vectors.prefix}e;4;{`), /^malformed event: not JSON$/, undefined],
    [() => codec.encode('e', Number.NaN), /^cannot encode: NaN$/, undefined],
    [() => codec.decode(`${vectors.prefix}e;9;`), /^malformed event: unknown type$/, undefined],
  ] as const) {
    assert.throws(fail, (error: Error) => {
      assert.match(error.message, message);
      assert.equal(error.cause instanceof Error ? error.cause.name : error.cause, cause);
      return true;
    });
  }
});

const backing = bytes('0123456789').buffer;
for (const [name, payload, text] of [
  ['a Uint8Array', bytes('a;b'), 'a;b'],
  ['a part of a buffer', new Uint8Array(backing, 2, 3), '234'],
  ['an ArrayBuffer', backing, '0123456789'],
  ['a DataView', new DataView(backing, 8), '89'],
  ['an Uint16Array', new Uint16Array(backing, 4, 2), '4567'],
  ['no bytes', new Uint8Array(), ''],
] as const) {
  test(`sends ${name} in a binary message of the text layout`, () => {
    assert.deepEqual(codec.encode('b', payload), bytes(`${vectors.prefix}b;3;${text}`));
  });
}

test('decodes bytes from a binary message', () => {
  const sent = new Uint8Array([0, 59, 255, 128]);
  assert.deepEqual(codec.decode(codec.encode('b', sent)), { event: 'b', payload: sent });
});

test('decodes bytes from a text message as its UTF-8', () => {
  const decoded = codec.decode(`${vectors.prefix}b;3;é;`);
  assert.deepEqual(decoded, { event: 'b', payload: bytes('é;') });
});

test('decodes every type from a binary message', () => {
  for (const { event, payload, wire } of vectors.valid) {
    assert.deepEqual(codec.decode(bytes(wire)), { event, payload });
  }
});

test('keeps the byte order marks of a binary message', () => {
  const marked = createTextCodec({ ...options, eventPrefix: '\ufeffp:' });
  const message = bytes('\ufeffp:\ufeffe;0;\ufeffx');
  assert.deepEqual(marked.decode(message), { event: '\ufeffe', payload: '\ufeffx' });
});

test('refuses a binary event that is not UTF-8 where it must be', () => {
  const name = bytes(`${vectors.prefix}e;3;x`);
  name[vectors.prefix.length] = 0xff;
  assert.throws(() => codec.decode(name), malformed);
  const body = bytes(`${vectors.prefix}e;0;x`);
  body[body.length - 1] = 0xff;
  assert.throws(() => codec.decode(body), malformed);
});

test('shares no memory with the message it decodes', () => {
  const event = Buffer.from(`${vectors.prefix}b;3;abc`);
  const native = Buffer.from('abc');
  const results = [codec.decode(event), codec.decode(native)];
  event.fill(0);
  native.fill(0);
  assert.deepEqual(results, [{ event: 'b', payload: bytes('abc') }, { native: bytes('abc') }]);
});

test('limits event names by their bytes of UTF-8, both ways', () => {
  const short = createTextCodec({ ...options, maxEventNameBytes: 6 });
  for (const event of ['abcdef', 'ééé', '你好']) {
    const wire = `${vectors.prefix}${event};0;x`;
    assert.equal(short.encode(event, 'x'), wire);
    assert.deepEqual(short.decode(wire), { event, payload: 'x' });
    assert.deepEqual(short.decode(bytes(wire)), { event, payload: 'x' });
  }
  for (const event of ['abcdefg', 'éééé', '你好!']) {
    const wire = `${vectors.prefix}${event};0;x`;
    const tooLong = { code: 'ERR_EVENT_NAME', message: /1 to maxEventNameBytes \(6\) bytes/ };
    assert.throws(() => short.encode(event, 'x'), tooLong);
    assert.throws(() => short.decode(wire), malformed);
    assert.throws(() => short.decode(bytes(wire.replace(';0;', ';3;'))), malformed);
  }
});

test('refuses an event name that is not a string', () => {
  for (const event of [undefined, null, 7, Symbol('s'), {}]) {
    const name = event as unknown as string;
    assert.throws(() => codec.encode(name), { name: 'EngineError', code: 'ERR_EVENT_NAME' });
  }
});

test('takes for a number nothing but decimals', () => {
  for (const [text, number] of [
    ['1e3', 1000],
    ['-2.5E-1', -0.25],
    ['007', 7],
  ]) {
    assert.deepEqual(codec.decode(`${vectors.prefix}n;1;${text}`), { event: 'n', payload: number });
  }
  for (const text of [' 1', '1 ', '0x1', '1_0', '+1', '.5', '1.', '1e', 'NaN', '1e999', '١']) {
    assert.throws(() => codec.decode(`${vectors.prefix}n;1;${text}`), malformed, text);
  }
});

test('leaves a __proto__ key of JSON an own property', () => {
  const decoded = codec.decode(`${vectors.prefix}e;4;{"__proto__":{"admin":true}}`);
  assert.ok('event' in decoded);
  const payload = decoded.payload as Record<string, unknown>;
  assert.ok(Object.hasOwn(payload, '__proto__'));
  assert.equal(payload.admin, undefined);
});

test('speaks another prefix, in text and in bytes', () => {
  const other = createTextCodec({ ...options, eventPrefix: '3;é:' });
  assert.equal(other.encode('e', 1), '3;é:e;1;1');
  assert.deepEqual(other.decode('3;é:e;1;1'), { event: 'e', payload: 1 });
  const message = other.encode('e', bytes('x'));
  assert.deepEqual(message, bytes('3;é:e;3;x'));
  assert.deepEqual(other.decode(message), { event: 'e', payload: bytes('x') });
  assert.deepEqual(other.decode('iris-websocket-message:e;1;1'), {
    native: 'iris-websocket-message:e;1;1',
  });
  for (const wire of ['3;é:', '3;é:e', '3;é:event', '3;é:e;3']) {
    assert.throws(() => other.decode(wire), malformed);
    assert.throws(() => other.decode(bytes(wire)), malformed);
  }
});

test('sends native bytes as they are, and refuses what is neither a string nor bytes', () => {
  const data = bytes('abc');
  assert.equal(codec.encodeMessage(data), data);
  for (const value of [null, undefined, 1, {}]) {
    const message = value as unknown as string;
    assert.throws(() => codec.encodeMessage(message), { code: 'ERR_PAYLOAD' });
  }
});
