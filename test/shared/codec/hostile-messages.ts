import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pack } from 'msgpackr/pack';
import { EngineError } from '../../../src/shared/api/errors.ts';
import type { Codec, Decoded, Message } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';

const eventPrefix = 'iris-websocket-message:';
/** Both codecs. */
export const codecs = createCodecs({ codec: 'negotiate', eventPrefix, maxEventNameBytes: 64 });

/** Any text. */
export const words = fc.string({ unit: 'binary' });
/** Names that an event may have. */
export const eventNames = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 16 })
  .filter((name) => !name.includes(';'));
// JSON has one zero, and msgpackr a safe name for one key.
const json = fc
  .jsonValue({ noUnicodeString: false, maxDepth: 5 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as unknown);
const numbers = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0);
/** Any bytes. */
export const plainBytes = fc.uint8Array({ maxLength: 300 });
/** Numbers that a question may have. */
export const asks = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
/** What both codecs carry unchanged. */
export const payloads = fc.oneof(words, fc.integer(), numbers, fc.boolean(), json, plainBytes);

/** Noise, noise behind a prefix, and whole messages with a few bytes changed, added or missing. */
export function hostileMessages(codec: Codec): fc.Arbitrary<Message> {
  const fields = fc.array(fc.oneof(fc.constantFrom(...';?!~+012349'), words));
  const lines = fields.map((parts) => eventPrefix + parts.join(''));
  const broken = fc
    .tuple(payloads, fc.array(fc.tuple(fc.nat(), fc.nat(255))), fc.nat(400))
    .map(([payload, changes, end]) => {
      const bytes = Buffer.from(codec.encode('event', payload) as string);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, end);
    });
  const asBytes = lines.map((line) => Buffer.from(line));
  const answers = codec.name === 'text' ? textAnswers : msgpackAnswers;
  const tokens = fc.array(fc.constantFrom(...HOSTILE_TOKENS), { maxLength: 40 });
  const asTokens = tokens.map((list) => Uint8Array.from(list));
  const noise = fc.uint8Array({ maxLength: 100 });
  return fc.oneof(words, lines, asBytes, broken, noise, asTokens, answers);
}

/** What an answer, a failure or a hello may be made of, sound or not. */
const carried: unknown[] = ['', 'why', 0, 1, 7, true, null, [], [[]], { toString: 1, valueOf: 1 }];
const carries = fc.oneof(fc.constantFrom(...carried), payloads);
const numbersOfAsks = fc.constantFrom(0, 1, 2, 7, 2 ** 32, Number.MAX_SAFE_INTEGER, 2 ** 53);
const textAnswers = fc
  .tuple(fc.constantFrom(...'01234'), fc.constantFrom(...'?!~+'), numbersOfAsks, carries)
  .chain(([type, mark, number, payload]) => {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const line = `${eventPrefix};${type}${mark}${number};${body}`;
    return fc.constantFrom<Message>(line, Buffer.from(line));
  });
const msgpackAnswers = fc
  .tuple(fc.oneof(numbersOfAsks, numbers), fc.constantFrom(1, -1), carries)
  .map(([number, sign, payload]) => new Uint8Array(pack([number * sign, payload])));

const HOSTILE_TOKENS = [
  ...[0x00, 0x01, 0x40, 0x72, 0x80, 0x81, 0x90, 0x91, 0x92, 0xa0, 0xa1, 0xc0, 0xc1, 0xc4, 0xc7],
  ...[0xcf, 0xd4, 0xd5, 0xd6, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff],
];

/** Fails where decoding a message does anything but give a sound value or ERR_MALFORMED_EVENT. */
export function decodesOrIsMalformed(codec: Codec) {
  return (message: Message) => {
    try {
      assert.ok(isSound(codec.decode(message)));
    } catch (error) {
      assert.ok(error instanceof EngineError, String(error));
      assert.equal(error.code, 'ERR_MALFORMED_EVENT');
    }
  };
}

function isSound(decoded: Decoded): boolean {
  if ('event' in decoded) {
    return decoded.event !== '' && (decoded.ask === undefined || isAskNumber(decoded.ask));
  }
  if ('answerTo' in decoded) {
    const { answerTo, failure = '' } = decoded;
    return isAskNumber(answerTo) && typeof failure === 'string';
  }
  return 'native' in decoded || decoded.acks === 1;
}

function isAskNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
