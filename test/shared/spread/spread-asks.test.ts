import { strict as assert } from 'node:assert';
import { beforeEach, test } from 'node:test';
import { All, NotMe, type Target } from '../../../src/shared/api/targets.ts';
import type { AckResult } from '../../../src/shared/ask/ask.ts';
import { type AskBody, encodeResult } from '../../../src/shared/ask/remote-ask.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { encodeRecord, RecordKind } from '../../../src/shared/messages/records.ts';
import type { RoutedRecord } from '../../../src/shared/ring/tick-loop.ts';
import type { Member } from '../../../src/shared/spread/local.ts';
import { type Selection, selectionOf } from '../../../src/shared/spread/selection.ts';
import type { SpreadServer } from '../../../src/shared/spread/spread-server.ts';
import { viewOf } from '../messages/view-of.ts';
import { openSpread, SELF, SERVER } from './open-spread.ts';

const TEXT = 0;
const MSGPACK = 1;

let server: SpreadServer;
let codecs: readonly Codec[];
let sent: RoutedRecord[];
let fails: { with?: Error };
let join: (shard: number, codec: number, room: string) => void;
let encoded: Codec[];
/** Whether this thread has somebody of a room who speaks a codec. */
let here: (codec: number, room: string) => boolean;

beforeEach(() => {
  encoded = [];
  here = () => false;
  const select = (codec: number, { room }: Selection) => here(codec, room) || undefined;
  ({ server, codecs, sent, fails, join } = openSpread({ local: { select } }));
});

function ask(target: Target = 'red', payload: unknown = 'x', timeoutMs = 1000) {
  const encode = (codec: Codec) => {
    encoded.push(codec);
    return codec.encode('add', payload);
  };
  return server.ask(selectionOf(target, 7), encode, timeoutMs, 'add');
}

/** An answer as a shard sends it on, and as it arrives. */
const answer = (id: string, payload: unknown, codec = codecs[TEXT] as Codec) => ({
  id,
  payload: { codec: codec.name, message: codec.encodeAnswer(5, payload) },
});

type Result = Omit<AckResult, 'silentShards'>;

/** A shard sends what its members have answered. */
function receive(
  shard: number,
  ask: number,
  { answers = [], missing = [] }: Partial<Result>,
): void {
  const header = { kind: RecordKind.ASK_RESULT, server: SERVER };
  const record = encodeRecord(header, encodeResult(ask, { answers, missing, silentShards: [] }));
  server.receive(viewOf(record, shard));
}

/** The one record that has been sent. */
function sentRecord() {
  assert.equal(sent.length, 1);
  const [{ peers, record }] = sent.splice(0) as [RoutedRecord];
  const view = viewOf(record);
  assert.equal(view.kind, RecordKind.ASK);
  return { peers, body: view.clone<AskBody>(), name: view.name, except: view.connection };
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a question goes to the shards that have members, and is answered by all of them', async () => {
  join(1, TEXT, 'red');
  join(4, TEXT, 'red');
  join(2, TEXT, 'blue');
  const result = ask();
  const { peers, body, name, except } = sentRecord();
  assert.deepEqual([peers, name, except], [[1, 4], 'red', 0]);
  assert.deepEqual(body, {
    ask: body.ask,
    from: SELF,
    event: 'add',
    events: ['>add;0;x', undefined],
    timeoutMs: 1000,
  });
  const missing = [{ id: 'ann', code: 'ERR_ACK_FAILED' as const, reason: 'no' }];
  receive(4, body.ask, { answers: [answer('dan', 4)] });
  receive(1, body.ask, { missing });
  assert.deepEqual(await result, {
    answers: [{ id: 'dan', payload: 4 }],
    missing,
    silentShards: [],
  });
  assert.equal(timers(), 0);
});

test('an event is encoded once for each codec that somebody speaks, here or there', async () => {
  await ask();
  assert.deepEqual([encoded, sent], [[], []]);
  for (const shard of [1, 2]) join(shard, MSGPACK, 'red');
  here = (codec, room) => codec === TEXT && room === 'red';
  void ask();
  assert.deepEqual(encoded, codecs);
  const msgpack = Buffer.from(codecs[MSGPACK]?.encode('add', 'x') as Uint8Array);
  assert.deepEqual(sentRecord().body.events, ['>add;0;x', msgpack]);
  server.close();
});

test('NotMe is everyone but the sender, All is everyone', () => {
  join(2, MSGPACK, '');
  for (const [target, connection] of [
    [NotMe, 7],
    [All, 0],
  ] as const) {
    void ask(target);
    const { peers, name, except } = sentRecord();
    assert.deepEqual([peers, name, except], [[2], '', connection]);
  }
  server.close();
});

test('what cannot be encoded or sent leaves nothing behind', async () => {
  join(1, TEXT, 'red');
  await assert.rejects(
    ask('red', () => {}),
    { code: 'ERR_PAYLOAD' },
  );
  assert.deepEqual(sent, []);
  fails.with = new Error('full');
  await assert.rejects(ask(), { message: 'full' });
  assert.equal(timers(), 0);
});

test('a shard that says nothing is silent, once its time is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  join(1, TEXT, 'red');
  join(2, TEXT, 'red');
  const result = ask('red', 'x', 50);
  const answers = [answer('ann', 1)];
  const number = sentRecord().body.ask;
  t.mock.timers.tick(1049);
  receive(1, number, { answers });
  t.mock.timers.tick(1);
  receive(2, number, { answers });
  const arrived = [{ id: 'ann', payload: 1 }];
  assert.deepEqual(await result, { answers: arrived, missing: [], silentShards: [2] });
});

test('a shard that dies is silent at once', async () => {
  for (const shard of [1, 2, 4]) join(shard, TEXT, 'red');
  const result = ask();
  const number = sentRecord().body.ask;
  receive(1, number, { answers: [answer('ann', 1)] });
  server.peerDied(2);
  server.peerDied(1);
  receive(2, number, { answers: [answer('bob', 2)] });
  receive(4, number, { answers: [answer('dan', 4)] });
  const answers = [
    { id: 'ann', payload: 1 },
    { id: 'dan', payload: 4 },
  ];
  assert.deepEqual(await result, { answers, missing: [], silentShards: [2] });
  assert.equal(timers(), 0);
});

test('a result is for its question, from who was asked, and counts once', async () => {
  join(1, TEXT, 'red');
  join(2, TEXT, 'red');
  const result = ask();
  const number = sentRecord().body.ask;
  const resultOf = (id: string) => ({ answers: [answer(id, 1)] });
  receive(1, number + 1, resultOf('of another'));
  receive(4, number, resultOf('not asked'));
  receive(1, number, resultOf('ann'));
  receive(1, number, resultOf('twice'));
  receive(2, number, resultOf('bob'));
  receive(2, number, resultOf('too late'));
  const { answers } = await result;
  assert.deepEqual(
    answers.map(({ id }) => id),
    ['ann', 'bob'],
  );
});

test('the longest time for answers is no longer than a timer can be', (t) => {
  const setTimer = t.mock.method(globalThis, 'setTimeout');
  join(1, TEXT, 'red');
  void ask('red', 'x', 2 ** 31 - 1);
  assert.deepEqual(
    setTimer.mock.calls.map((call) => call.arguments[1]),
    [2 ** 31 - 1],
  );
  server.close();
});

test('answers in either codec arrive, bytes with memory of their own', async () => {
  join(1, TEXT, 'red');
  const bytes = Uint8Array.of(1, 2, 3);
  const result = ask();
  const answers = [
    answer('ann', bytes),
    answer('bob', [{ bytes }], codecs[MSGPACK]),
    answer('cat', 2n ** 60n, codecs[MSGPACK]),
    answer('dan', { 1022: 0, a: '\ufeff' }),
    answer('eve', undefined),
  ];
  receive(1, sentRecord().body.ask, { answers });
  const payloads = (await result).answers.map(({ payload }) => payload);
  assert.deepEqual(payloads, [bytes, [{ bytes }], 2n ** 60n, { 1022: 0, a: '\ufeff' }, '']);
  for (const copy of [payloads[0], (payloads[1] as { bytes: Uint8Array }[])[0]?.bytes]) {
    assert.equal((copy as Uint8Array).buffer.byteLength, bytes.length);
  }
});

test('a shard may have any number of members that answer, or do not', async () => {
  join(1, TEXT, 'red');
  const result = ask();
  const many = 300_000;
  receive(1, sentRecord().body.ask, {
    answers: Array(many).fill(answer('ann', 1)),
    missing: Array(many).fill({ id: 'bob', code: 'ERR_ACK_TIMEOUT' }),
  });
  const { answers, missing } = await result;
  assert.deepEqual([answers.length, missing.length], [many, many]);
});

test('what is pending at the end has nobody left to answer', async () => {
  join(1, TEXT, 'red');
  const results = [ask(), ask()];
  server.close();
  const nothing = { answers: [], missing: [], silentShards: [1] };
  assert.deepEqual(await Promise.all(results), [nothing, nothing]);
  assert.equal(timers(), 0);
});

test('members here are asked beside those of peers, and theirs come first', async () => {
  const member = {
    id: 'own',
    get codec() {
      return codecs[TEXT] as Codec;
    },
    answersAsks: false,
    hasEnded: false,
    sendAsk: () => {},
    forgetAsk: () => {},
  } as unknown as Member;
  const local = { handlersOf: 'some', select: () => true, members: () => [member] } as const;
  ({ server, codecs, sent, join } = openSpread({ local }));
  join(1, TEXT, 'red');
  const result = ask();
  receive(1, sentRecord().body.ask, { missing: [{ id: 'bob', code: 'ERR_ACK_TIMEOUT' }] });
  const { missing } = await result;
  assert.deepEqual(
    missing.map(({ id }) => id),
    ['own', 'bob'],
  );
});

test('a thread that has the handlers of all connections asks no peer', async () => {
  ({ server, sent, join } = openSpread({ local: { handlersOf: 'all' } }));
  join(1, TEXT, 'red');
  assert.deepEqual(await ask(), { answers: [], missing: [], silentShards: [] });
  assert.deepEqual(sent, []);
});
