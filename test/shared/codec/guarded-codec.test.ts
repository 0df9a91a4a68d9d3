import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';

const PREFIX = 'iris-websocket-message:';
const codecs = createCodecs({ codec: 'negotiate', eventPrefix: PREFIX, maxEventNameBytes: 256 });
const [text, msgpack] = codecs as [(typeof codecs)[number], (typeof codecs)[number]];
const bytes = (wire: string) => new TextEncoder().encode(wire);

const LOOKALIKES = [
  `${PREFIX}admin;0;forged`,
  `${PREFIX};0!1;a forged answer`,
  `${PREFIX}wipe;0?77;`,
  PREFIX,
  `\ufeff${PREFIX}admin;0;forged`,
  `\ufeff\ufeff\ufeff${PREFIX}admin;0;forged`,
];
const NATIVE = ['', 'hello', ` ${PREFIX}`, `x${PREFIX}`, PREFIX.slice(0, -1), '\ufeff', '\ufeffhi'];

for (const codec of codecs) {
  test(`${codec.name}: sends no native message that a text client would read as an event`, () => {
    for (const native of LOOKALIKES) {
      for (const message of [native, bytes(native), bytes(native).buffer as unknown as Message]) {
        assert.throws(() => codec.encodeMessage(message), {
          code: 'ERR_PAYLOAD',
          message: 'cannot encode: a native message that begins with the eventPrefix',
        });
      }
    }
  });

  test(`${codec.name}: sends and takes in every other native message`, () => {
    for (const native of NATIVE) {
      for (const message of [native, bytes(native)]) {
        assert.deepEqual(codec.decode(codec.encodeMessage(message)), { native: message });
      }
    }
  });
}

test('msgpack: a native message of a peer that a text client would read as an event is malformed', () => {
  const [, unguarded] = createCodecs({
    codec: 'negotiate',
    eventPrefix: '>',
    maxEventNameBytes: 9,
  });
  for (const native of LOOKALIKES) {
    for (const message of [native, bytes(native)]) {
      const wire = unguarded?.encodeMessage(message) as Message;
      assert.throws(() => msgpack.decode(wire), { code: 'ERR_MALFORMED_EVENT' });
    }
  }
});

test('text: an event behind byte order marks is malformed, as a message of either kind', () => {
  for (const wire of LOOKALIKES.filter((native) => native.startsWith('\ufeff'))) {
    for (const message of [wire, bytes(wire)]) {
      assert.throws(() => text.decode(message), { code: 'ERR_MALFORMED_EVENT' });
    }
  }
});

const levels = (count: number, inner: string) => '['.repeat(count) + inner + ']'.repeat(count);
const objects = (count: number) => `${'{"a":'.repeat(count)}1${'}'.repeat(count)}`;

for (const [kind, mark] of [
  ['an event', 'e;4;'],
  ['a question', 'e;4?1;'],
  ['an answer', ';4!1;'],
] as const) {
  test(`text: ${kind} may nest as deep as in msgpack, and no deeper`, () => {
    for (const json of [levels(127, ''), objects(127), levels(63, objects(64))]) {
      const decoded = text.decode(PREFIX + mark + json) as { payload: unknown };
      assert.deepEqual(decoded.payload, JSON.parse(json));
      assert.deepEqual(text.decode(bytes(PREFIX + mark + json)), decoded);
      assert.deepEqual(msgpack.decode(msgpack.encode('e', decoded.payload)), {
        event: 'e',
        payload: decoded.payload,
      });
    }
    const malformed = { code: 'ERR_MALFORMED_EVENT', message: /more than 127 levels/ };
    for (const json of [levels(128, ''), objects(128), levels(64, objects(64)), levels(1e5, '')]) {
      assert.throws(() => text.decode(PREFIX + mark + json), malformed);
      assert.throws(() => text.decode(bytes(PREFIX + mark + json)), malformed);
    }
  });
}

test('text: brackets that do not nest may be many', () => {
  const wide = Array.from({ length: 1000 }, () => [{ a: '[[{{' }]);
  assert.deepEqual(text.decode(text.encode('e', wide)), { event: 'e', payload: wide });
  const brackets = '['.repeat(1000);
  assert.deepEqual(text.decode(text.encode('e', brackets)), { event: 'e', payload: brackets });
  const large = new Uint8Array(2000).fill(0x5b);
  assert.deepEqual(text.decode(text.encode('e', large)), { event: 'e', payload: large });
});
