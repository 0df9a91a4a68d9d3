import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../src/shared/codec/codec.ts';
import { createMsgpackCodec } from '../../../src/shared/codec/msgpack-codec.ts';
import { createTextCodec } from '../../../src/shared/codec/text-codec.ts';
import vectors from '../../wire/ack-vectors.json' with { type: 'json' };

const options = { eventPrefix: vectors.prefix, maxEventNameBytes: 256 };
const malformed = { name: 'EngineError', code: 'ERR_MALFORMED_EVENT' };

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const textFrame = (wire: string, isBinary: boolean): Message =>
  isBinary ? new TextEncoder().encode(wire) : wire;

/** What both codecs are tested by, and how a vector's wire is a message. */
const CODECS = [
  { codec: createTextCodec(options), cases: vectors.text, frame: textFrame },
  { codec: createMsgpackCodec(options), cases: vectors.msgpack, frame: bytesOf },
];

interface Carrier {
  readonly payload?: unknown;
  readonly bytes?: string;
}

const payloadOf = ({ payload, bytes }: Carrier) => (bytes === undefined ? payload : bytesOf(bytes));
const plain = (message: Message) =>
  typeof message === 'string' ? message : new Uint8Array(message);

for (const { codec, cases, frame } of CODECS) {
  for (const vector of cases.asks) {
    const { event, ask, wire } = vector;
    test(`${codec.name}: encodes and decodes the question ${wire}`, () => {
      const payload = payloadOf(vector);
      const message = frame(wire, 'bytes' in vector);
      const question = codec.withAsk(codec.encode(event, payload), ask);
      assert.deepEqual(plain(question), message);
      assert.deepEqual(codec.decode(message), { event, payload, ask });
    });
  }

  for (const vector of cases.answers) {
    const { ask, wire } = vector;
    test(`${codec.name}: encodes and decodes the answer ${wire}`, () => {
      const payload = payloadOf(vector);
      const message = frame(wire, 'bytes' in vector);
      assert.deepEqual(plain(codec.encodeAnswer(ask, payload)), message);
      assert.deepEqual(codec.decode(message), { answerTo: ask, payload });
    });
  }

  for (const { ask, failure, wire } of cases.failures) {
    test(`${codec.name}: encodes and decodes the failure ${wire}`, () => {
      const message = frame(wire, false);
      assert.deepEqual(plain(codec.encodeFailure(ask, failure)), message);
      assert.deepEqual(codec.decode(message), { answerTo: ask, failure });
    });
  }

  test(`${codec.name}: encodes and decodes the hello`, () => {
    const message = frame(cases.hello, false);
    assert.deepEqual(plain(codec.encodeHello()), message);
    assert.deepEqual(codec.decode(message), { acks: 1 });
  });

  for (const { wire, why } of cases.malformed) {
    test(`${codec.name}: refuses ${wire}: ${why}`, () => {
      assert.throws(() => codec.decode(frame(wire, false)), malformed);
      assert.throws(() => codec.decode(frame(wire, true)), malformed);
    });
  }

  test(`${codec.name}: a question leaves the event that it is made from as it is`, () => {
    for (const payload of ['x', new Uint8Array([1, 2])]) {
      const event = codec.encode('e', payload);
      codec.withAsk(event, 1);
      assert.deepEqual(codec.decode(event), { event: 'e', payload });
    }
  });
}

test('text: a prefix with separators in it does not shift a mark', () => {
  const other = createTextCodec({ ...options, eventPrefix: '0?1;é:' });
  for (const payload of ['x', new Uint8Array([0x3b])]) {
    const question = other.withAsk(other.encode('e', payload), 7);
    assert.deepEqual(other.decode(question), { event: 'e', payload, ask: 7 });
    assert.deepEqual(other.decode(other.encodeAnswer(7, payload)), { answerTo: 7, payload });
  }
  assert.deepEqual(other.decode(other.encodeHello()), { acks: 1 });
});
