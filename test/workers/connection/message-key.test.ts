import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Codec, Message } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { MessageKeys } from '../../../src/workers/connection/message-key.ts';

// A prefix that holds the separator, which only names may not.
const options = { eventPrefix: 'my;prefix:', maxEventNameBytes: 100_000 };
const keys = new MessageKeys(options.eventPrefix);

for (const codec of createCodecs({ ...options, codec: 'negotiate' })) {
  const keyOf = (message: Message, room = 'red') =>
    keys.keyOf(codec.name, buildFrame(message), room);
  const event = (name: string, payload?: unknown) => codec.encode(name, payload);

  test(`events of one name to one room have one key, whatever they carry: ${codec.name}`, () => {
    const key = keyOf(event('tick'));
    for (const payload of [
      '',
      'x'.repeat(70_000),
      7,
      true,
      { a: [1] },
      Uint8Array.of(1, 59),
      'é',
    ]) {
      assert.equal(keyOf(event('tick', payload)), key);
    }
  });

  test(`another event, another room: another key: ${codec.name}`, () => {
    const names = ['a', 'b', 'é', 'a'.repeat(31), 'a'.repeat(32), 'a'.repeat(300), 'b'.repeat(300)];
    const seen = new Set<unknown>();
    for (const name of names) {
      for (const room of ['', 'red', 'a', ';']) seen.add(keyOf(event(name, 'x'), room));
    }
    assert.equal(seen.size, 4 * names.length);
    assert.ok(!seen.has(undefined));
  });

  test(`native messages to one room have one key, and share it with no event: ${codec.name}`, () => {
    const texts = ['', 'my;prefix', 'hello', 'x'.repeat(70_000)].map((text) => keyOf(text));
    const bytes = [0, 9, 300, 70_000].map((length) => keyOf(native(codec, length)));
    assert.equal(new Set([...texts, ...bytes]).size, 1);
    assert.notEqual(keyOf('', ''), keyOf(''));
    assert.notEqual(keyOf(event('red'), ''), keyOf(''));
  });

  test(`questions and answers have none, since nothing replaces them: ${codec.name}`, () => {
    for (const payload of ['x', 7, Uint8Array.of(59, 59)]) {
      assert.equal(keyOf(codec.withAsk(event('add', payload), 12)), undefined);
      for (const ask of [1, 200, 70_000]) {
        assert.equal(keyOf(codec.encodeAnswer(ask, payload)), undefined);
      }
    }
    assert.equal(keyOf(codec.encodeFailure(3, 'no handler')), undefined);
  });
}

function native(codec: Codec, length: number): Message {
  return codec.encodeMessage(Buffer.alloc(length, ';'));
}
