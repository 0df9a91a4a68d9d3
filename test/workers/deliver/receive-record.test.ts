import { strict as assert } from 'node:assert';
import { beforeEach, test } from 'node:test';
import { serialize } from 'node:v8';
import { type AskResultBody, encodeResult } from '../../../src/shared/ask/remote-ask.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { RecordView } from '../../../src/shared/messages/record-view.ts';
import {
  encodeCloseRecord,
  encodeFrameRecord,
  encodeRecord,
  encodeSeveralRecord,
  RecordKind,
} from '../../../src/shared/messages/records.ts';
import { joinKeys } from '../../../src/shared/spread/command.ts';
import type { Local, Member } from '../../../src/shared/spread/local.ts';
import { type Selection, selectionOf } from '../../../src/shared/spread/selection.ts';
import { InterestTable, interestKey } from '../../../src/shared/tables/interest-table.ts';
import { receiveRecord } from '../../../src/workers/deliver/receive-record.ts';
import type { ShardServer } from '../../../src/workers/deliver/shard-server.ts';
import { Counters } from '../../../src/workers/shard/counters.ts';
import { viewOf } from '../../shared/messages/view-of.ts';
import { openSpread, SERVER } from '../../shared/spread/open-spread.ts';

const CODEC = 1;
const CONNECTION = 7;
const UNKNOWN = 8;
/** The thread that records come from. */
const SENDER = 2;

let log: unknown[][];
let probes: number;
let interest: InterestTable;
let counters: Counters;
let spread: ReturnType<typeof openSpread>;

const note = (what: string) => (detail: unknown, more?: unknown) =>
  log.push(more === undefined ? [what, detail] : [what, detail, more]);

/** The half of the server that is here: one member, whom every selection means. */
const local: Partial<Local<unknown>> = {
  handlersOf: 'some',
  select: (codec, { room, except, several }) =>
    room === 'empty' ? undefined : [several ?? `members of '${room}' with codec ${codec}`, except],
  deliver: (chosen, frame, label) => log.push(['deliver', chosen, frame, label]),
  members: (selection) => {
    log.push(['members', selection]);
    return [{ join: note('join') } as unknown as Member];
  },
};

beforeEach(() => {
  log = [];
  probes = 0;
  counters = new Counters();
  interest = new InterestTable(InterestTable.allocate());
  spread = openSpread({ local });
});

/** Has a shard with one connection carry out a record that lies where a ring would have it. */
function receive(record: Buffer): void {
  const ring = Buffer.concat([Buffer.alloc(24, 0xee), record, Buffer.alloc(8, 0xee)]);
  const socket = {
    sendFrame: note('send'),
    sendNewest: note('send newest'),
    open: () => log.push(['open']),
    concluded: () => log.push(['concluded']),
    join: note('join'),
    leave: note('leave'),
    disconnect: note('disconnect'),
  };
  const server = {
    socket: (connection: number) => (connection === CONNECTION ? socket : undefined),
    spread: spread.server,
    counters,
  } as unknown as ShardServer;
  const servers = new Map([[SERVER, server]]);
  const view = new RecordView().at(ring, 24, 24 + record.length, SENDER);
  receiveRecord({ interest, load: { receive: () => (probes += 1) } }, servers, view);
  ring.fill(0); // as the next lap of its sender would
}

test('a probe is for the shard itself', () => {
  receive(encodeRecord({ kind: RecordKind.PROBE, server: 0 }, Buffer.alloc(8)));
  assert.deepEqual([probes, log], [1, []]);
});

test('a message for a room is published to its members, but not to its sender', () => {
  const header = { kind: RecordKind.PUBLISH, server: SERVER, connection: 5, name: 'red' };
  receive(encodeFrameRecord(header, 'hello'));
  assert.deepEqual(log, [
    ['deliver', ["members of 'red' with codec 0", 5], buildFrame('hello'), 'red'],
  ]);
});

test('a message for everyone has no name, and is for those who speak its codec', () => {
  const header = { kind: RecordKind.PUBLISH, server: SERVER, codec: CODEC };
  receive(encodeFrameRecord(header, 'hello'));
  assert.deepEqual(log, [['deliver', ["members of '' with codec 1", 0], buildFrame('hello'), '']]);
});

test('a message for a room that has nobody here is of no consequence', () => {
  const header = { kind: RecordKind.PUBLISH, server: SERVER, name: 'empty' };
  receive(encodeFrameRecord(header, 'hello'));
  assert.deepEqual(log, []);
});

test('a message for several rooms is for their members, each once', () => {
  const several = { rooms: ['red', 'blue'], except: ['ann'] };
  const header = { kind: RecordKind.PUBLISH_SEVERAL, server: SERVER, connection: 5 };
  receive(encodeSeveralRecord(header, several, 'hello'));
  const label = JSON.stringify(several);
  assert.deepEqual(log, [['deliver', [several, 5], buildFrame('hello'), label]]);
});

test('what a connection is asked to do it does', () => {
  const header = { server: SERVER, connection: CONNECTION };
  receive(encodeRecord({ ...header, kind: RecordKind.OPEN }));
  receive(encodeFrameRecord({ ...header, kind: RecordKind.SEND }, 'hello'));
  const probed = { ...header, kind: RecordKind.SEND, isProbeAnswer: true };
  receive(encodeFrameRecord(probed, 'here'));
  receive(encodeRecord({ ...header, kind: RecordKind.LEAVE, name: 'red' }));
  receive(encodeCloseRecord({ ...header, kind: RecordKind.DISCONNECT }, 4000, 'bye'));
  receive(encodeRecord({ ...header, kind: RecordKind.CONCLUDED }));
  assert.deepEqual(log, [
    ['open'],
    ['send', buildFrame('hello')],
    ['send newest', 'probe', buildFrame('here')],
    ['leave', 'red'],
    ['disconnect', 4000, 'bye'],
    ['concluded'],
  ]);
});

test('an ask is for a room, and its result for whoever asked', async () => {
  const members = (selection: Selection) => {
    log.push([selection]);
    return [];
  };
  spread = openSpread({ local: { ...local, members } });
  const body = { ask: 1, from: SENDER, events: ['x', undefined], timeoutMs: 5 };
  const header = { kind: RecordKind.ASK, server: SERVER, connection: 5, name: 'red' };
  receive(encodeRecord(header, serialize(body)));
  await new Promise(setImmediate);
  assert.deepEqual(log, [[{ room: 'red', except: 5 }]]);
  const [{ peers, record }] = spread.sent as [(typeof spread.sent)[number]];
  const view = viewOf(record);
  assert.deepEqual([peers, view.kind, view.server], [[SENDER], RecordKind.ASK_RESULT, SERVER]);
  assert.deepEqual(view.clone<AskResultBody>(), { ask: 1, answers: [], missing: [] });
});

test('a result is for the ask that it answers, from the thread that sent it', async () => {
  spread = openSpread();
  spread.join(SENDER, 0, 'red');
  const asked = spread.server.ask(
    selectionOf('red', 0),
    (codec) => codec.encode('add'),
    60_000,
    'add',
  );
  const message = { codec: 'text' as const, message: '>1;1;5' };
  const [codec] = spread.codecs;
  const answer = { id: 'ann', payload: { ...message, message: codec?.encodeAnswer(1, 5) } };
  const result = { answers: [answer], missing: [], silentShards: [] };
  const kind = RecordKind.ASK_RESULT;
  receive(encodeRecord({ kind, server: UNKNOWN }, encodeResult(1, { ...result, answers: [] })));
  receive(encodeRecord({ kind, server: SERVER }, encodeResult(1, result)));
  const answers = [{ id: 'ann', payload: 5 }];
  assert.deepEqual(await asked, { answers, missing: [], silentShards: [] });
});

test('a join that its sender has counted is counted no more, whatever becomes of it', () => {
  for (const [server, connection, joins] of [
    [SERVER, CONNECTION, [['join', 'red']]],
    [SERVER, UNKNOWN, []],
    [UNKNOWN, CONNECTION, []],
  ] as const) {
    log = [];
    const key = interestKey(server, CODEC, 'red');
    interest.add(key);
    receive(encodeRecord({ kind: RecordKind.JOIN, server, connection, codec: CODEC, name: 'red' }));
    assert.deepEqual(log, joins);
    assert.equal(interest.has(key), false);
  }
});

test('what is about a server or a connection that has gone is of no consequence', () => {
  for (const [server, connection] of [
    [SERVER, UNKNOWN],
    [UNKNOWN, CONNECTION],
  ] as const) {
    const { OPEN, LEAVE, DISCONNECT, CONCLUDED } = RecordKind;
    for (const kind of [OPEN, LEAVE, DISCONNECT, CONCLUDED]) {
      receive(encodeRecord({ kind, server, connection, name: 'red' }));
    }
    receive(encodeFrameRecord({ kind: RecordKind.SEND, server, connection }, 'hello'));
  }
  receive(encodeFrameRecord({ kind: RecordKind.PUBLISH, server: UNKNOWN, codec: 1 }, 'hello'));
  assert.deepEqual(log, []);
  assert.equal(counters.droppedClosed, 1, 'of the server that is there, the message for nobody');
});

test('what was counted in advance for a join from outside is taken back, whoever joins', () => {
  const keys = joinKeys(SERVER, 2, { do: 'join', room: 'red' });
  for (let round = 0; round < 2; round++) {
    for (const key of keys) interest.add(key);
    const body = Buffer.from(JSON.stringify({ command: { do: 'join', room: 'red' } }));
    const header = { kind: RecordKind.COMMAND, server: SERVER, name: 'ann', codecs: 2 };
    receive(encodeRecord(header, body));
    for (const key of keys) assert.equal(interest.has(key), false);
  }
  const carriedOut = [
    ['members', { room: 'ann', except: 0 }],
    ['join', 'red'],
  ];
  assert.deepEqual(log, [...carriedOut, ...carriedOut]);
});
