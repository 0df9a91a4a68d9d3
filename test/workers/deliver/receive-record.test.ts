import { strict as assert } from 'node:assert';
import { beforeEach, test } from 'node:test';
import { serialize } from 'node:v8';
import { encodeResult } from '../../../src/shared/ask/remote-asks.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import { joinKeys } from '../../../src/shared/emit/commands.ts';
import {
  encodeCloseRecord,
  encodeFrameRecord,
  encodeRecord,
  kindOf,
  RecordKind,
} from '../../../src/shared/messages/records.ts';
import { InterestTable, interestKey } from '../../../src/shared/tables/interest-table.ts';
import { receiveRecord } from '../../../src/workers/deliver/receive-record.ts';
import type { Selected } from '../../../src/workers/deliver/selected.ts';
import type { ShardServer } from '../../../src/workers/deliver/shard-server.ts';
import { Counters } from '../../../src/workers/shard/counters.ts';
import type { ShardContext } from '../../../src/workers/shard/shard-context.ts';

const SERVER = 3;
const CODEC = 1;
const CONNECTION = 7;
const UNKNOWN = 8;
/** The thread that records come from. */
const SENDER = 2;

let log: unknown[][];
let ofNoServer: number[];
let interest: InterestTable;
let counters: Counters;

beforeEach(() => {
  log = [];
  ofNoServer = [];
  counters = new Counters();
  interest = new InterestTable(InterestTable.allocate());
});

/** Has a shard with one connection carry out a record that lies where a ring would have it. */
function receive(record: Buffer): void {
  const ring = Buffer.concat([Buffer.alloc(24, 0xee), record, Buffer.alloc(8, 0xee)]);
  const note = (what: string) => (detail: unknown, more?: unknown) =>
    log.push(more === undefined ? [what, detail] : [what, detail, more]);
  const socket = {
    sendFrame: note('send'),
    open: () => log.push(['open']),
    concluded: () => log.push(['concluded']),
    join: note('join'),
    leave: note('leave'),
    disconnect: note('disconnect'),
  };
  const server = {
    socket: (connection: number) => (connection === CONNECTION ? socket : undefined),
    rooms: [0, 1].map((codec) => ({
      membersOf: (room: string) =>
        room === 'empty' ? undefined : `members of '${room}' with codec ${codec}`,
    })),
    asks: {
      answer: (body: unknown, room: string, except: number) =>
        log.push(['ask', body, room, except]),
      receive: note('result'),
    },
    deliver: ({ members, except }: Selected, frame: Buffer, room: string) =>
      log.push(['deliver', members, except, frame, room]),
    carryOut: note('command'),
    counters,
  } as unknown as ShardServer;
  const servers = new Map([[SERVER, server]]);
  const received = { record: ring, start: 24, end: 24 + record.length, from: SENDER };
  const others = (bytes: Buffer, start: number) => ofNoServer.push(kindOf(bytes, start));
  const shard = { interest, load: { receive: others } } as unknown as ShardContext;
  receiveRecord(shard, servers, received);
  ring.fill(0); // as the next lap of its sender would
}

test('a record of no server is for the shard itself', () => {
  receive(encodeRecord({ kind: RecordKind.PROBE, server: 0 }, Buffer.alloc(8)));
  assert.deepEqual([ofNoServer, log], [[RecordKind.PROBE], []]);
});

test('a message for a room is published to its members, but not to its sender', () => {
  const header = { kind: RecordKind.PUBLISH, server: SERVER, connection: 5, name: 'red' };
  receive(encodeFrameRecord(header, 'hello'));
  assert.deepEqual(log, [
    ['deliver', "members of 'red' with codec 0", 5, buildFrame('hello'), 'red'],
  ]);
});

test('a message for everyone has no name, and is for those who speak its codec', () => {
  const header = { kind: RecordKind.PUBLISH, server: SERVER, flag: CODEC };
  receive(encodeFrameRecord(header, 'hello'));
  assert.deepEqual(log, [['deliver', "members of '' with codec 1", 0, buildFrame('hello'), '']]);
});

test('a message for a room that has nobody here is of no consequence', () => {
  const header = { kind: RecordKind.PUBLISH, server: SERVER, name: 'empty' };
  receive(encodeFrameRecord(header, 'hello'));
  assert.deepEqual(log, []);
});

test('what a connection is asked to do it does', () => {
  const header = { server: SERVER, connection: CONNECTION };
  receive(encodeRecord({ ...header, kind: RecordKind.OPEN }));
  receive(encodeFrameRecord({ ...header, kind: RecordKind.SEND }, 'hello'));
  receive(encodeRecord({ ...header, kind: RecordKind.LEAVE, name: 'red' }));
  receive(encodeCloseRecord({ ...header, kind: RecordKind.DISCONNECT }, 4000, 'bye'));
  receive(encodeRecord({ ...header, kind: RecordKind.CONCLUDED }));
  assert.deepEqual(log, [
    ['open'],
    ['send', buildFrame('hello')],
    ['leave', 'red'],
    ['disconnect', 4000, 'bye'],
    ['concluded'],
  ]);
});

test('a question is for a room, and its result for whoever asked, from who answered', () => {
  const question = { ask: 1, from: 0, events: ['x', Uint8Array.of(1)], timeoutMs: 5 };
  const header = { server: SERVER, connection: 5, name: 'red' };
  receive(encodeRecord({ ...header, kind: RecordKind.ASK }, serialize(question)));
  const answers = [{ id: 'ann', payload: { codec: 'msgpack', message: Uint8Array.of(1) } }];
  const result = { answers, missing: [], silentShards: [] };
  const kind = RecordKind.ASK_RESULT;
  receive(encodeRecord({ kind, server: SERVER }, encodeResult(1, result)));
  receive(encodeRecord({ kind, server: UNKNOWN }, encodeResult(1, result)));
  assert.deepEqual(log, [
    ['ask', question, 'red', 5],
    ['result', SENDER, { ask: 1, answers, missing: [] }],
  ]);
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
    receive(encodeRecord({ kind: RecordKind.JOIN, server, connection, flag: CODEC, name: 'red' }));
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
  receive(encodeFrameRecord({ kind: RecordKind.PUBLISH, server: UNKNOWN, flag: 1 }, 'hello'));
  assert.deepEqual(log, []);
  assert.equal(counters.droppedClosed, 1, 'of the server that is there, the message for nobody');
});

test('what was counted in advance for a join from outside is taken back, whoever joins', () => {
  const keys = joinKeys(SERVER, 2, 'red');
  for (let round = 0; round < 2; round++) {
    for (const key of keys) interest.add(key);
    const body = Buffer.from(JSON.stringify({ command: { do: 'join', room: 'red' } }));
    const header = { kind: RecordKind.COMMAND, server: SERVER, name: 'ann', flag: 2 };
    receive(encodeRecord(header, body));
    for (const key of keys) assert.equal(interest.has(key), false);
  }
  const command = ['command', { room: 'ann', except: 0 }, { do: 'join', room: 'red' }];
  assert.deepEqual(log, [command, command]);
});
