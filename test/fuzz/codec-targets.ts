import assert from 'node:assert/strict';
import { serialize } from 'node:v8';
import fc from 'fast-check';
import type { Codec, Message } from '../../src/shared/codec/codec.ts';
import {
  codecs,
  decodesOrIsMalformed,
  eventNames,
  hostileMessages,
  payloads,
} from '../shared/codec/hostile-messages.ts';
import type { FuzzTarget } from './target.ts';

/** Of a value, as v8 writes it, for each byte of the message: an empty array takes 6 for 1. */
const MAX_GROWTH = 16;
const FIXED_BYTES = 256;
/** What comes of a message nests no deeper: the event, and 127 levels of its payload. */
const MAX_LEVELS = 128;
/** Far longer than any of these messages takes, and than a pause of the collector. */
const MAX_MS = 1_000;

/** Fails where a message of a peer makes far more of itself, or takes very long. */
function isBounded(codec: Codec) {
  return (message: Message) => {
    const start = performance.now();
    let decoded: unknown;
    try {
      decoded = codec.decode(message);
    } catch {
      decoded = undefined; // which error that is, the other property looks at
    }
    assert.ok(performance.now() - start < MAX_MS, 'it took too long');
    assert.ok(isPlain(decoded), 'it is none of the values that an event may carry');
    const bytes = serialize(decoded).length;
    const maxBytes = FIXED_BYTES + MAX_GROWTH * Buffer.byteLength(message);
    assert.ok(bytes <= maxBytes, `${bytes} bytes came of it, at most ${maxBytes}`);
  };
}

const PLAIN = new Set<unknown>([Object.prototype, Array.prototype, Uint8Array.prototype, null]);
PLAIN.add(Date.prototype);

/** Whether a value is made of what JSON and plain msgpack have, and nests no deeper than it may. */
function isPlain(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0 || !PLAIN.has(Object.getPrototypeOf(value))) return false;
  if (value instanceof Uint8Array) return value.byteLength === value.buffer.byteLength;
  return Object.values(value).every((part) => isPlain(part, levels - 1));
}

/** Types of msgpackr's own extensions, and one that nobody has. */
const EXTENSIONS = [...Buffer.from('bierstxp'), 0xff, 0x01];
const scalars = fc.constantFrom(0x00, 0x7f, 0xc0, 0xc2, 0xff, 0xa0);
const token = fc.oneof(
  scalars.map((byte) => [byte]),
  // What claims a length of 1, 2 or 4 bytes: bin, str, array, map, ext.
  fc
    .tuple(fc.constantFrom(0xc4, 0xc6, 0xc7, 0xc9, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf), fc.nat(4))
    .map(([byte, length]) => [byte, 0xff, 0xff, 0xff, 0xff].slice(0, 1 + length)),
  fc
    .tuple(fc.constantFrom(0xd4, 0xd5, 0xd6, 0xd7, 0xd8), fc.constantFrom(...EXTENSIONS), scalars)
    .map(([byte, type, first]) => {
      const data = Array.from({ length: 1 << (byte - 0xd4) }, () => first);
      return [byte, type, ...data];
    }),
  fc.nat(300).map((depth) => Array.from({ length: depth }, () => 0x91)),
);
/** An event whose payload claims, nests and extends. */
const msgpackTraps = fc.array(token, { maxLength: 5 }).map((tokens) => {
  return Uint8Array.from([0x92, 0xa1, 0x61, ...tokens.flat()]);
});
/** Events of the text codec whose JSON nests. */
const jsonTraps = fc
  .tuple(fc.nat(4 * MAX_LEVELS), fc.constantFrom('[', '{"a":', '[1,'))
  .map(([depth, open]) => {
    const end = open === '{"a":' ? '1}' : ']';
    return `iris-websocket-message:a;4;${open.repeat(depth)}${end.repeat(depth)}`;
  });

/** Nothing but a value or ERR_MALFORMED_EVENT comes of a message, and not much more than it has. */
function hostileTarget(codec: Codec): FuzzTarget {
  const decodes = decodesOrIsMalformed(codec);
  const traps: fc.Arbitrary<Message> = codec.name === 'text' ? jsonTraps : msgpackTraps;
  const messages = fc.oneof({ weight: 4, arbitrary: hostileMessages(codec) }, traps);
  const bounded = isBounded(codec);
  return {
    name: `${codec.name} decoding`,
    share: 200,
    property: () =>
      fc.property(messages, (message) => {
        decodes(message);
        bounded(message);
      }),
  };
}

/** What has been encoded decodes to itself. */
function roundTripTarget(codec: Codec): FuzzTarget {
  return {
    name: `${codec.name} round trip`,
    share: 25,
    property: () =>
      fc.property(eventNames, payloads, (event, payload) => {
        assert.deepEqual(codec.decode(codec.encode(event, payload)), { event, payload });
      }),
  };
}

/** Both codecs, in both directions. */
export const codecTargets: readonly FuzzTarget[] = codecs.flatMap((codec) => [
  hostileTarget(codec),
  roundTripTarget(codec),
]);
