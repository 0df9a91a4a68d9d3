import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  asks,
  codecs,
  decodesOrIsMalformed,
  eventNames,
  hostileMessages,
  payloads,
  plainBytes,
  words,
} from './hostile-messages.ts';

for (const codec of codecs) {
  test(`${codec.name}: every event decodes to itself`, () => {
    const property = fc.property(eventNames, payloads, (event, payload) => {
      assert.deepEqual(codec.decode(codec.encode(event, payload)), { event, payload });
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test(`${codec.name}: every native message decodes to itself`, () => {
    const property = fc.property(fc.oneof(words, plainBytes), (native) => {
      assert.deepEqual(codec.decode(codec.encodeMessage(native)), { native });
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test(`${codec.name}: every question and every answer decodes to itself`, () => {
    const property = fc.property(eventNames, payloads, asks, words, (event, payload, ask, why) => {
      const question = codec.withAsk(codec.encode(event, payload), ask);
      assert.deepEqual(codec.decode(question), { event, payload, ask });
      const answer = codec.encodeAnswer(ask, payload);
      assert.deepEqual(codec.decode(answer), { answerTo: ask, payload });
      const failure = codec.encodeFailure(ask, why);
      assert.deepEqual(codec.decode(failure), { answerTo: ask, failure: why });
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test(`${codec.name}: no message of a peer makes it throw anything but ERR_MALFORMED_EVENT`, () => {
    fc.assert(fc.property(hostileMessages(codec), decodesOrIsMalformed(codec)), { numRuns: 5000 });
  });
}

for (const codec of codecs) {
  test(`${codec.name}: half of a surrogate pair is part of no event's name`, () => {
    for (const event of ['\ud800', 'a\udc00', '\udc00\ud800']) {
      const badName = {
        code: 'ERR_EVENT_NAME',
        message: /^an event name is 1 to maxEventNameBytes/,
      };
      assert.throws(() => codec.encode(event, 1), badName);
    }
    assert.deepEqual(codec.decode(codec.encode('\ud83d\ude00', 1)), { event: '😀', payload: 1 });
  });
}
