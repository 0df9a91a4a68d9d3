import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Ask, type Askable, onlyAnswer } from '../../../src/shared/ask/ask.ts';
import type { Codec, Message } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import { ackTimeout } from '../../../src/shared/options/ack-timeout.ts';
import { shown } from '../../../src/shared/options/show-value.ts';

const codecs = createCodecs({ codec: 'negotiate', eventPrefix: '>', maxEventNameBytes: 16 });
const [text, msgpack] = codecs as [Codec, Codec];
const encode = (codec: Codec) => codec.encode('add', 'x');
/** What an answer came in, where that does not matter. */
const MESSAGE = 'any';

/** Somebody to ask, who does nothing by itself. */
class FakeAskable implements Askable {
  readonly id: string;
  readonly codec: Codec;
  readonly answersAsks: boolean;
  hasEnded = false;
  failsToSend = false;
  readonly sent: Message[] = [];
  readonly asks = new Set<Ask>();

  constructor(id: string, codec = text, answersAsks = true) {
    this.id = id;
    this.codec = codec;
    this.answersAsks = answersAsks;
  }

  sendAsk(message: Message, ask?: Ask): void {
    if (this.hasEnded) {
      ask?.failed(this, 'ERR_CONNECTION_ENDED');
      return;
    }
    if (ask !== undefined) this.asks.add(ask);
    if (this.failsToSend) throw new Error('full');
    this.sent.push(message);
  }

  forgetAsk(ask: Ask): void {
    this.asks.delete(ask);
  }
}

test('everyone is asked under the number of the ask, each in its codec', async () => {
  const ann = new FakeAskable('ann');
  const bob = new FakeAskable('bob', msgpack);
  const ask = new Ask([ann, bob], encode, 1000);
  for (const { codec, sent } of [ann, bob]) {
    assert.deepEqual(
      sent.map((message) => codec.decode(message)),
      [{ event: 'add', payload: 'x', ask: ask.number }],
    );
  }
  ask.answered(bob, 2, MESSAGE);
  ask.answered(ann, 1, MESSAGE);
  assert.deepEqual(await ask.result, {
    answers: [
      { id: 'bob', payload: 2 },
      { id: 'ann', payload: 1 },
    ],
    missing: [],
    silentShards: [],
  });
});

test('no two asks have one number', async () => {
  const asks = [1, 2, 3].map(() => new Ask([], encode, 1000));
  assert.equal(new Set(asks.map(({ number }) => number)).size, 3);
});

test('an event is encoded once for each codec of those who are asked, and for no other', async () => {
  const encoded: Codec[] = [];
  const count = (codec: Codec) => {
    encoded.push(codec);
    return encode(codec);
  };
  const old = (id: string, codec: Codec) => new FakeAskable(id, codec, false);
  await new Ask([], count, 1000).result;
  assert.deepEqual(encoded, []);
  await new Ask([old('a', text), old('b', text)], count, 1000).result;
  assert.deepEqual(encoded, [text]);
  await new Ask([old('a', msgpack), old('b', text), old('c', msgpack)], count, 1000).result;
  assert.deepEqual(encoded, [text, msgpack, text]);
});

test('who is not known to answer gets the plain event, and is missing', async () => {
  const old = new FakeAskable('old', text, false);
  const ask = new Ask([old], encode, 1000);
  assert.deepEqual(old.sent, ['>add;0;x']);
  assert.equal(old.asks.size, 0);
  const missing = [{ id: 'old', code: 'ERR_ACK_UNSUPPORTED' }];
  assert.deepEqual(await ask.result, { answers: [], missing, silentShards: [] });
});

test('who does not answer in time is missing, and asked no more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [ann, bob] = [new FakeAskable('ann'), new FakeAskable('bob')];
  const ask = new Ask([ann, bob], encode, 50);
  ask.answered(ann, 1, MESSAGE);
  t.mock.timers.tick(49);
  assert.equal(bob.asks.size, 1);
  t.mock.timers.tick(1);
  assert.equal(bob.asks.size, 0);
  ask.answered(bob, 'too late', MESSAGE);
  assert.deepEqual(await ask.result, {
    answers: [{ id: 'ann', payload: 1 }],
    missing: [{ id: 'bob', code: 'ERR_ACK_TIMEOUT' }],
    silentShards: [],
  });
});

test('one that has ended does not keep the others from being heard', async () => {
  const [ended, ann] = [new FakeAskable('ended'), new FakeAskable('ann')];
  ended.hasEnded = true;
  const ask = new Ask([ended, ann], encode, 1000);
  ask.answered(ann, 1, MESSAGE);
  assert.deepEqual(await ask.result, {
    answers: [{ id: 'ann', payload: 1 }],
    missing: [{ id: 'ended', code: 'ERR_CONNECTION_ENDED' }],
    silentShards: [],
  });
});

test('only the first answer of somebody counts, and only of who was asked', async () => {
  const [ann, bob, stranger] = ['ann', 'bob', 'stranger'].map((id) => new FakeAskable(id));
  const ask = new Ask([ann as FakeAskable, bob as FakeAskable], encode, 1000);
  ask.answered(stranger as FakeAskable, 0, MESSAGE);
  ask.answered(ann as FakeAskable, 1, MESSAGE);
  ask.answered(ann as FakeAskable, 2, MESSAGE);
  ask.failed(ann as FakeAskable, 'ERR_ACK_FAILED');
  ask.failed(bob as FakeAskable, 'ERR_ACK_FAILED');
  ask.answered(bob as FakeAskable, 3, MESSAGE);
  assert.deepEqual(await ask.result, {
    answers: [{ id: 'ann', payload: 1 }],
    missing: [{ id: 'bob', code: 'ERR_ACK_FAILED' }],
    silentShards: [],
  });
});

test('where the event cannot be encoded nobody is asked, and no timer is left', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const [ann, bob] = [new FakeAskable('ann', msgpack), new FakeAskable('bob')];
  const unencodable = (codec: Codec) => codec.encode('add', Number.NaN); // in text only
  assert.throws(() => new Ask([ann, bob], unencodable, 60_000), { code: 'ERR_PAYLOAD' });
  assert.deepEqual([ann.sent, bob.sent], [[], []]);
  assert.equal(timers(), before);
});

test('where asking fails half-way, nobody is waited for, and no timer is left', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const [ann, bob] = [new FakeAskable('ann'), new FakeAskable('bob')];
  bob.failsToSend = true;
  assert.throws(() => new Ask([ann, bob], encode, 60_000), { message: 'full' });
  assert.deepEqual([ann.asks.size, bob.asks.size], [0, 0]);
  assert.equal(timers(), before);
});

test('the timer goes when the last answer comes', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const ann = new FakeAskable('ann');
  const ask = new Ask([ann], encode, 60_000);
  assert.equal(timers(), before + 1);
  ask.answered(ann, 1, MESSAGE);
  await ask.result;
  assert.equal(timers(), before);
});

test('the time for answers is a whole number of milliseconds that a timer can have', () => {
  assert.equal(ackTimeout(), 10_000);
  assert.equal(ackTimeout({}), 10_000);
  for (const timeoutMs of [1, 5000, 2 ** 31 - 1])
    assert.equal(ackTimeout({ timeoutMs }), timeoutMs);
  for (const timeoutMs of [0, -1, 1.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
    assert.throws(() => ackTimeout({ timeoutMs: timeoutMs as number }), {
      code: 'ERR_OPTION',
      message: `timeoutMs: ${shown(timeoutMs)} is not a whole number from 1 to 2147483647`,
    });
  }
});

test('the options of a question are an object with nothing but the time', () => {
  for (const options of [null, 5, 'no'] as unknown as object[]) {
    const wrong = { code: 'ERR_OPTION', message: /options of emitWithAck/ };
    assert.throws(() => ackTimeout(options), wrong);
  }
  const unknown = { code: 'ERR_OPTION', message: 'timeout: no such option; there is timeoutMs' };
  assert.throws(() => ackTimeout({ timeout: 5 } as object), unknown);
});

test('the only answer is what came, or the error of why nothing came', async () => {
  const result = (parts: object) =>
    onlyAnswer(
      Promise.resolve({ answers: [], missing: [], silentShards: [], ...parts }),
      'add',
      50,
    );
  for (const payload of ['yes', undefined, null, 0]) {
    assert.equal(await result({ answers: [{ id: 'ann', payload }] }), payload);
  }
  for (const [missing, message] of [
    [{ code: 'ERR_ACK_TIMEOUT' }, "no answer to 'add': none came within timeoutMs (50)"],
    [{ code: 'ERR_ACK_UNSUPPORTED' }, "no answer to 'add': the other side is not known to answer"],
    [{ code: 'ERR_ACK_FAILED', reason: 'no' }, "no answer to 'add': the other side said 'no'"],
    [{ code: 'ERR_CONNECTION_ENDED' }, "no answer to 'add': the connection ended"],
  ] as const) {
    const { code } = missing;
    await assert.rejects(result({ missing: [{ id: 'ann', ...missing }] }), { code, message });
  }
  const ended = { code: 'ERR_CONNECTION_ENDED' };
  await assert.rejects(result({}), ended);
});

test('who says that it cannot answer is missing, with the reason it gives', async () => {
  const [ann, bob] = [new FakeAskable('ann'), new FakeAskable('bob')];
  const ask = new Ask([ann, bob], encode, 1000);
  ask.failed(ann, 'ERR_ACK_FAILED', 'no handler');
  ask.failed(bob, 'ERR_ACK_FAILED', '');
  const missing = [
    { id: 'ann', code: 'ERR_ACK_FAILED', reason: 'no handler' },
    { id: 'bob', code: 'ERR_ACK_FAILED', reason: '' },
  ];
  assert.deepEqual(await ask.result, { answers: [], missing, silentShards: [] });
});

test('answers that go to another thread are kept as they came, in memory of their own', async () => {
  const [ann, bob] = [new FakeAskable('ann'), new FakeAskable('bob', msgpack)];
  const ask = new Ask([ann, bob], encode, 1000, 'message');
  const message = Buffer.from([1, 2, 3]);
  ask.answered(ann, 'unused', 'a message');
  ask.answered(bob, 'unused', message);
  message.fill(0);
  assert.deepEqual((await ask.result).answers, [
    { id: 'ann', payload: { codec: 'text', message: 'a message' } },
    { id: 'bob', payload: { codec: 'msgpack', message: Uint8Array.of(1, 2, 3) } },
  ]);
});
