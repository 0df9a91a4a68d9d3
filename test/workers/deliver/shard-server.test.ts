import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import type { EngineError } from '../../../src/shared/api/errors.ts';
import { All, NotMe } from '../../../src/shared/api/targets.ts';
import type { Codec, CodecChoice } from '../../../src/shared/codec/codec.ts';
import { encodeRecord, RecordKind } from '../../../src/shared/messages/records.ts';
import {
  resolveServerOptions,
  type SlowConsumerChoice,
  shardServerOptions,
} from '../../../src/shared/options/server-options.ts';
import type { RoutedRecord } from '../../../src/shared/ring/tick-loop.ts';
import { selectionOf } from '../../../src/shared/spread/selection.ts';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts, CountsMap, RoomCounts } from '../../../src/shared/tables/room-counts.ts';
import type { Dispatch } from '../../../src/workers/connection/socket-context.ts';
import type { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { ShardServer } from '../../../src/workers/deliver/shard-server.ts';
import type { ShardContext } from '../../../src/workers/shard/shard-context.ts';
import { viewOf } from '../../shared/messages/view-of.ts';

const SERVER = 4;
const TEXT = 0;
const MSGPACK = 1;
/** How many the fan-out says have got a message. */
const MEMBERS = 3;

/** A server in a shard with two siblings, and no connection of its own. */
function openServer(codec: CodecChoice = 'text', slowConsumer: SlowConsumerChoice = 'close') {
  const sent: [peers: readonly number[], record: Buffer][] = [];
  const published: Buffer[] = [];
  const reported: string[] = [];
  const siblings = new InterestMap();
  for (const shard of [2, 3]) siblings.set(shard, InterestTable.allocate());
  const context = {
    number: 1,
    interest: new InterestTable(InterestTable.allocate()),
    peers: {
      self: 1,
      interest: siblings,
      counts: new CountsMap(),
      send: (records: readonly RoutedRecord[]) => {
        for (const { peers, record } of records) if (peers.length > 0) sent.push([peers, record]);
      },
      sendAlways: () => {
        throw new Error('no ring');
      },
    },
    counts: new RoomCounts(allocateCounts()),
    fanOut: {
      publish: (_: unknown, __: number, frame: Buffer) => {
        published.push(frame);
        return MEMBERS;
      },
    },
    report: ({ message }: EngineError) => reported.push(message),
  } as unknown as ShardContext;
  const options = shardServerOptions(resolveServerOptions({ endpoint: '/a', codec, slowConsumer }));
  const server = new ShardServer(context, SERVER, options, {} as Dispatch);
  const wants = (shard: number, room: string, codec = TEXT) =>
    siblings.of(shard)?.add(interestKey(SERVER, codec, room));
  return { server, siblings, sent, published, reported, wants };
}

test('a message goes to the siblings that have members of its room, and to no others', () => {
  const { server, siblings, sent, published, wants } = openServer();
  siblings.of(2)?.add(interestKey(SERVER + 1, 0, 'red')); // another server's
  wants(2, 'blue');
  server.app.to('red').emitMessage('to nobody there');
  assert.equal(sent.length, 0);
  server.rooms[0]?.join({} as ServerWebSocket, 'red');
  server.app.to('red').emitMessage('to a member here');
  assert.equal(sent.length, 0);
  assert.equal(published.length, 1, 'members in its own shard get it all the same');
  wants(3, 'red');
  server.app.to('red').emitMessage('hello');
  const [[peers, record]] = sent as [[number[], Buffer]];
  assert.deepEqual([peers, viewOf(record).codec, viewOf(record).name], [[3], 0, 'red']);
  const { emitted, delivered } = server.counters;
  assert.deepEqual([emitted, delivered], [3, 2 * MEMBERS]);
});

test("with 'latest' half of what may wait stands in line, and else all of it", () => {
  assert.equal(openServer('text', 'latest').server.maxQueuedBytes, 2 ** 19);
  assert.equal(openServer('text', 'drop').server.maxQueuedBytes, 2 ** 20);
});

test('a message for everyone goes to the siblings that have anyone', () => {
  const { server, sent, wants } = openServer();
  wants(2, '');
  wants(3, 'red');
  server.spread.publish(selectionOf(All, 7), () => 'hello');
  server.spread.publish(selectionOf(NotMe, 7), () => 'hello');
  assert.deepEqual(
    sent.map(([peers, record]) => [peers, viewOf(record).codec, viewOf(record).connection]),
    [
      [[2], 0, 0],
      [[2], 0, 7],
    ],
  );
});

test('a message is encoded once for each codec of its members, here and in siblings', () => {
  const { server, sent, published, wants } = openServer('negotiate');
  const encoded: string[] = [];
  const encode = ({ name }: Codec) => {
    encoded.push(name);
    return name;
  };
  server.spread.publish(selectionOf('red', 0), encode);
  assert.deepEqual([encoded, sent, published], [[], [], []], 'for nobody it is not encoded');

  for (let i = 0; i < 2; i++) server.rooms[TEXT]?.join({} as ServerWebSocket, 'red');
  for (const shard of [2, 3]) for (let i = 0; i < 2; i++) wants(shard, 'red', MSGPACK);
  wants(3, 'red', TEXT);
  server.spread.publish(selectionOf('red', 0), encode);
  assert.deepEqual(encoded, ['text', 'msgpack']);
  assert.deepEqual(
    sent.map(([peers, record]) => [peers, viewOf(record).codec]),
    [
      [[3], TEXT],
      [[2, 3], MSGPACK],
    ],
  );
  assert.deepEqual(
    published.map((frame) => frame.toString('latin1')),
    ['\x81\x04text'],
    'of the msgpack nobody is here',
  );
});

test('what it has asked of siblings is settled when it is closed', async () => {
  const { server, sent, wants } = openServer();
  wants(2, 'red');
  const asked = server.app.to('red').emitWithAck('add', 'x', { timeoutMs: 60_000 });
  assert.equal(sent.length, 1);
  await server.close({ timeoutMs: 0, drainMs: undefined });
  assert.deepEqual(await asked, { answers: [], missing: [], silentShards: [2] });
});

test('where a question of another thread cannot be answered, that is told, and nothing else ends', async () => {
  const { server, reported } = openServer();
  const body = serialize({ ask: 1, from: 2, events: ['x'], timeoutMs: 50 });
  const header = { kind: RecordKind.ASK, server: SERVER, name: 'red' };
  server.spread.receive(viewOf(encodeRecord(header, body)));
  await new Promise(setImmediate);
  assert.deepEqual(reported, ["/a: an ask of room 'red' threw: no ring"]);
});
