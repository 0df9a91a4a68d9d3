import { strict as assert } from 'node:assert';
import { beforeEach, test } from 'node:test';
import { All, NotMe } from '../../../src/shared/api/targets.ts';
import {
  type AskBody,
  type AskResultBody,
  encodeResult,
  RemoteAsks,
  type RemoteQuestion,
} from '../../../src/shared/ask/remote-asks.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import type { RoutedRecord } from '../../../src/shared/emit/routing.ts';
import { selectionOf } from '../../../src/shared/emit/selection.ts';
import {
  cloneBodyOf,
  connectionOf,
  encodeRecord,
  kindOf,
  nameOf,
  RecordKind,
} from '../../../src/shared/messages/records.ts';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';

const SERVER = 3;
const FROM = 9;
const TEXT = 0;
const MSGPACK = 1;
const codecs = createCodecs({ codec: 'negotiate', eventPrefix: '>', maxEventNameBytes: 16 });

let interest: InterestMap;
let sent: RoutedRecord[];
let send: (records: readonly RoutedRecord[]) => void;
let encoded: Codec[];
let asks: RemoteAsks;

beforeEach(() => {
  interest = new InterestMap();
  for (const shard of [1, 2, 4]) interest.set(shard, InterestTable.allocate());
  sent = [];
  send = (records) => sent.push(...records);
  encoded = [];
  asks = new RemoteAsks();
});

/** Somebody in a shard joins a room. */
function join(shard: number, codec: number, room: string): void {
  interest.of(shard)?.add(interestKey(SERVER, codec, room));
}

function ask(parts: Partial<RemoteQuestion> = {}, payload: unknown = 'x', timeoutMs = 1000) {
  const encode = (codec: Codec) => {
    encoded.push(codec);
    return codec.encode('add', payload);
  };
  const server = { number: SERVER, codecs, outlet: { from: FROM, interest, send } };
  return asks.ask(server, {
    selection: selectionOf('red', 7),
    question: { encode, timeoutMs },
    isWantedHere: () => false,
    ...parts,
  });
}

/** An answer as a shard sends it on, and as it arrives. */
const answer = (id: string, payload: unknown, codec = codecs[TEXT] as Codec) => ({
  id,
  payload: { codec: codec.name, message: codec.encodeAnswer(5, payload) },
});

/** A result as it is read from a ring. */
function read(body: Buffer): AskResultBody {
  const record = encodeRecord({ kind: RecordKind.ASK_RESULT, server: SERVER }, body);
  return cloneBodyOf(record, 0, record.length);
}

/** The one record that has been sent. */
function sentRecord() {
  assert.equal(sent.length, 1);
  const [{ peers, record }] = sent as [RoutedRecord];
  assert.equal(kindOf(record, 0), RecordKind.ASK);
  const body = cloneBodyOf<AskBody>(record, 0, record.length);
  return { peers, body, name: nameOf(record, 0), except: connectionOf(record, 0) };
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a question goes to the shards that have members, and is answered by all of them', async () => {
  join(1, TEXT, 'red');
  join(4, TEXT, 'red');
  join(2, TEXT, 'blue');
  const { result } = ask();
  const { peers, body, name, except } = sentRecord();
  assert.deepEqual([peers, name, except], [[1, 4], 'red', 0]);
  assert.deepEqual(body, {
    ask: body.ask,
    from: FROM,
    events: ['>add;0;x', undefined],
    timeoutMs: 1000,
  });
  const missing = [{ id: 'ann', code: 'ERR_ACK_FAILED' as const, reason: 'no' }];
  const result4 = { answers: [answer('dan', 4)], missing: [], silentShards: [] };
  const result1 = { answers: [], missing, silentShards: [] };
  asks.receive(4, read(encodeResult(body.ask, result4)));
  asks.receive(1, read(encodeResult(body.ask, result1)));
  assert.deepEqual(await result, {
    answers: [{ id: 'dan', payload: 4 }],
    missing,
    silentShards: [],
  });
  assert.equal(timers(), 0);
});

test('an event is encoded once for each codec that somebody speaks, here or there', async () => {
  await ask().result;
  assert.deepEqual([encoded, sent], [[], []]);
  for (const shard of [1, 2]) join(shard, MSGPACK, 'red');
  const { events } = ask({ isWantedHere: (codec, { room }) => codec === TEXT && room === 'red' });
  assert.deepEqual(encoded, codecs);
  assert.deepEqual(events, ['>add;0;x', codecs[MSGPACK]?.encode('add', 'x')]);
  asks.close();
});

test('NotMe is everyone but the sender, All is everyone', () => {
  join(2, MSGPACK, '');
  for (const [target, connection] of [
    [NotMe, 7],
    [All, 0],
  ] as const) {
    sent = [];
    ask({ selection: selectionOf(target, 7) });
    const { peers, name, except } = sentRecord();
    assert.deepEqual([peers, name, except], [[2], '', connection]);
  }
  asks.close();
});

test('what cannot be encoded or sent leaves nothing behind', () => {
  join(1, TEXT, 'red');
  assert.throws(() => ask({}, () => {}), { code: 'ERR_PAYLOAD' });
  assert.deepEqual(sent, []);
  send = () => {
    throw new Error('full');
  };
  assert.throws(() => ask(), { message: 'full' });
  assert.equal(timers(), 0);
});

test('a shard that says nothing is silent, once its time is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  join(1, TEXT, 'red');
  join(2, TEXT, 'red');
  const { result } = ask({}, 'x', 50);
  const answers = [answer('ann', 1)];
  const number = sentRecord().body.ask;
  t.mock.timers.tick(1049);
  asks.receive(1, { ask: number, answers, missing: [] });
  t.mock.timers.tick(1);
  asks.receive(2, { ask: number, answers, missing: [] });
  const arrived = [{ id: 'ann', payload: 1 }];
  assert.deepEqual(await result, { answers: arrived, missing: [], silentShards: [2] });
});

test('a shard that dies is silent at once', async () => {
  for (const shard of [1, 2, 4]) join(shard, TEXT, 'red');
  const { result } = ask();
  const number = sentRecord().body.ask;
  asks.receive(1, { ask: number, answers: [answer('ann', 1)], missing: [] });
  asks.shardDied(2);
  asks.shardDied(1);
  asks.receive(2, { ask: number, answers: [answer('bob', 2)], missing: [] });
  asks.receive(4, { ask: number, answers: [answer('dan', 4)], missing: [] });
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
  const { result } = ask();
  const number = sentRecord().body.ask;
  const resultOf = (id: string, to = number) => ({
    ask: to,
    answers: [answer(id, 1)],
    missing: [],
  });
  asks.receive(1, resultOf('of another', number + 1));
  asks.receive(4, resultOf('not asked'));
  asks.receive(1, resultOf('ann'));
  asks.receive(1, resultOf('twice'));
  asks.receive(2, resultOf('bob'));
  asks.receive(2, resultOf('too late'));
  const { answers } = await result;
  assert.deepEqual(
    answers.map(({ id }) => id),
    ['ann', 'bob'],
  );
});

test('the longest time for answers is no longer than a timer can be', (t) => {
  const setTimer = t.mock.method(globalThis, 'setTimeout');
  join(1, TEXT, 'red');
  ask({}, 'x', 2 ** 31 - 1);
  assert.deepEqual(
    setTimer.mock.calls.map((call) => call.arguments[1]),
    [2 ** 31 - 1],
  );
  asks.close();
});

test('answers in either codec arrive, bytes with memory of their own', async () => {
  join(1, TEXT, 'red');
  const bytes = Uint8Array.of(1, 2, 3);
  const { result } = ask();
  const answers = [
    answer('ann', bytes),
    answer('bob', [{ bytes }], codecs[MSGPACK]),
    answer('cat', 2n ** 60n, codecs[MSGPACK]),
    answer('dan', { 1022: 0, a: '\ufeff' }),
    answer('eve', undefined),
  ];
  const record = encodeRecord(
    { kind: RecordKind.ASK_RESULT, server: SERVER },
    encodeResult(sentRecord().body.ask, { answers, missing: [], silentShards: [] }),
  );
  // As a record is read: out of a ring into a buffer of Node's pool.
  asks.receive(1, cloneBodyOf(record, 0, record.length));
  const payloads = (await result).answers.map(({ payload }) => payload);
  assert.deepEqual(payloads, [bytes, [{ bytes }], 2n ** 60n, { 1022: 0, a: '\ufeff' }, '']);
  for (const copy of [payloads[0], (payloads[1] as { bytes: Uint8Array }[])[0]?.bytes]) {
    assert.equal((copy as Uint8Array).buffer.byteLength, bytes.length);
  }
});

test('a shard may have any number of members that answer, or do not', async () => {
  join(1, TEXT, 'red');
  const { result } = ask();
  const many = 300_000;
  asks.receive(1, {
    ask: sentRecord().body.ask,
    answers: Array(many).fill(answer('ann', 1)),
    missing: Array(many).fill({ id: 'bob', code: 'ERR_ACK_TIMEOUT' }),
  });
  const { answers, missing } = await result;
  assert.deepEqual([answers.length, missing.length], [many, many]);
});

test('what is pending at the end has nobody left to answer', async () => {
  join(1, TEXT, 'red');
  const results = [ask().result, ask().result];
  asks.close();
  const nothing = { answers: [], missing: [], silentShards: [1] };
  assert.deepEqual(await Promise.all(results), [nothing, nothing]);
  assert.equal(timers(), 0);
});
