import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Closures } from '../../../src/main/servers/closures.ts';
import { ServerEntry } from '../../../src/main/servers/server-entry.ts';
import type { Connection } from '../../../src/shared/api/public-types.ts';
import { NotMe } from '../../../src/shared/api/targets.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { PRIMARY } from '../../../src/shared/messages/control-messages.ts';
import {
  encodeCloseRecord,
  encodeRecord,
  RecordKind,
} from '../../../src/shared/messages/records.ts';
import {
  resolveServerOptions,
  type ServerOptions,
} from '../../../src/shared/options/server-options.ts';
import type { Peers } from '../../../src/shared/spread/peers.ts';
import { selectionOf } from '../../../src/shared/spread/selection.ts';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';
import { CountsMap } from '../../../src/shared/tables/room-counts.ts';
import { viewOf } from '../../shared/messages/view-of.ts';

const SERVER = 4;
const SHARDS = [1, 2, 3];
const request = { method: 'GET', url: '/a', headers: {}, remoteAddress: '' };
const handshake = { key: '', protocol: '', codec: 0 };

/** A server on the primary whose shards are tables of what they want, and a list of records. */
function openServer(options: ServerOptions = {}) {
  const sent: [shards: readonly number[], record: Buffer][] = [];
  const interest = new InterestMap();
  for (const shard of SHARDS) interest.set(shard, InterestTable.allocate());
  const peers: Peers = {
    self: PRIMARY,
    interest,
    counts: new CountsMap(),
    send: (records) => {
      for (const { peers, record } of records) sent.push([peers, record]);
    },
    sendAlways: (shard, record) => sent.push([[shard], record]),
  };
  const server = new ServerEntry(SERVER, resolveServerOptions({ endpoint: '/a', ...options }), {
    peers,
    report: (error) => assert.fail(error),
    close: async () => {},
  });
  const opened: Connection[] = [];
  const { closures, spread } = server;
  closures?.add((connection) => opened.push(connection));
  const receive = (kind: RecordKind, connection: number, shard: number, body = '') => {
    const record =
      kind === RecordKind.DISCONNECTED
        ? encodeCloseRecord({ kind, server: SERVER, connection }, 1000, '')
        : encodeRecord({ kind, server: SERVER, connection }, Buffer.from(body));
    server.receive(viewOf(record, shard));
  };
  return { server, closures: closures as Closures, spread, peers, interest, sent, opened, receive };
}

function wants(interest: InterestMap, shard: number, room: string, codec = 0): void {
  interest.of(shard)?.add(interestKey(SERVER, codec, room));
}

test('a message goes to the shards that have members of its room, and to no others', () => {
  const { interest, sent, spread } = openServer();
  spread.publish(selectionOf('red', 0), () => assert.fail('nobody wants it'));
  assert.equal(sent.length, 0);
  wants(interest, 2, 'red');
  wants(interest, 3, 'red');
  wants(interest, 1, 'blue');
  interest.of(1)?.add(interestKey(SERVER + 1, 0, 'red')); // another server's
  spread.publish(selectionOf('red', 7), () => 'hello');
  const [[shards, record]] = sent as [[number[], Buffer]];
  const view = viewOf(record);
  assert.deepEqual(shards, [2, 3]);
  assert.deepEqual(
    [view.kind, view.codec, view.connection, view.name],
    [RecordKind.PUBLISH, 0, 0, 'red'],
  );
});

test('a message for everyone goes to the shards that have anyone', () => {
  const { interest, sent, spread } = openServer();
  wants(interest, 3, '');
  wants(interest, 1, 'red');
  spread.publish(selectionOf('', 7), () => 'hello');
  spread.publish(selectionOf(NotMe, 7), () => 'hello');
  assert.deepEqual(
    sent.map(([shards, record]) => [shards, viewOf(record).codec, viewOf(record).connection]),
    [
      [[3], 0, 0],
      [[3], 0, 7],
    ],
  );
});

test('an upgrade that has arrived is a connection, whose client is told after the closures', () => {
  const { sent, opened, receive, closures } = openServer();
  closures.expect(7, { shard: 1, identity: { id: 'ann', request, data: 'data' }, handshake });
  receive(RecordKind.CONNECTED, 7, 1);
  assert.deepEqual([opened[0]?.id, opened[0]?.data], ['ann', 'data']);
  assert.deepEqual(
    sent.map(([shards, record]) => [shards, viewOf(record).kind]),
    [
      [[1], RecordKind.ENTER],
      [[1], RecordKind.OPEN],
    ],
  );
  receive(RecordKind.CONNECTED, 7, 1);
  assert.equal(opened.length, 1, 'it arrives once');
});

test('a shard is told when the closures know of an end, behind what they have sent', () => {
  const { sent, opened, receive, closures } = openServer();
  closures.expect(7, { shard: 1, identity: { id: 'ann', request, data: undefined }, handshake });
  receive(RecordKind.CONNECTED, 7, 1);
  opened[0]?.emitMessage('before');
  opened[0]?.onDisconnect(() => opened[0]?.emitMessage('too late'));
  receive(RecordKind.DISCONNECTED, 7, 1);
  receive(RecordKind.DISCONNECTED, 7, 1);
  const kinds = sent.slice(2).map(([, record]) => [viewOf(record).kind, viewOf(record).connection]);
  assert.deepEqual(kinds, [
    [RecordKind.SEND, 7],
    [RecordKind.CONCLUDED, 7],
  ]);
});

test('an answer to fanring:ping goes past the limit of an outbox that is full', async () => {
  const { sent, peers, receive, closures } = openServer();
  closures.expect(7, { shard: 1, identity: { id: 'ann', request, data: undefined }, handshake });
  receive(RecordKind.CONNECTED, 7, 1);
  peers.send = () => assert.fail('the outbox is full');
  receive(RecordKind.MESSAGE, 7, 1, 'iris-websocket-message:fanring:ping;0?1;');
  for (let turns = 0; turns < 10 && sent.length < 3; turns++) await Promise.resolve();
  const { kind, isProbeAnswer } = viewOf((sent[2] as (typeof sent)[0])[1]);
  assert.deepEqual([kind, isProbeAnswer], [RecordKind.SEND, true]);
});

test('an upgrade that was on its way to a shard that died is never a connection', () => {
  const { server, opened, receive, closures } = openServer();
  for (const [connection, shard] of [
    [7, 1],
    [8, 2],
    [9, 1],
  ] as const) {
    closures.expect(connection, {
      shard: shard,
      identity: { id: `id ${connection}`, request, data: undefined },
      handshake,
    });
  }
  closures.refused(9);
  server.shardDied(1);
  for (const connection of [7, 8, 9]) receive(RecordKind.CONNECTED, connection, 2);
  assert.deepEqual(
    opened.map(({ id }) => id),
    ['id 8'],
  );
});

test('it is empty when the last connection has ended, however that was', async () => {
  const { server, opened, receive, closures } = openServer();
  await closures.empty();
  for (const [connection, shard] of [
    [7, 1],
    [8, 2],
  ] as const) {
    closures.expect(connection, {
      shard: shard,
      identity: { id: `id ${connection}`, request, data: undefined },
      handshake,
    });
    receive(RecordKind.CONNECTED, connection, shard);
  }
  const ends: unknown[] = [];
  for (const connection of opened) connection.onDisconnect(({ code }) => ends.push(code));
  const empty = closures.empty().then(() => ends.push('empty'));
  receive(RecordKind.DISCONNECTED, 7, 1);
  server.shardDied(2);
  await empty;
  assert.deepEqual(ends, [1000, 1006, 'empty']);
});

test('what it sends is encoded for the codecs of those who are there, once for each', () => {
  const { interest, sent, spread } = openServer({ codec: 'negotiate' });
  const encoded: string[] = [];
  const publish = () =>
    spread.publish(selectionOf('red', 0), (codec: Codec) => {
      encoded.push(codec.name);
      return codec.encode('chat', 'x');
    });
  publish();
  assert.deepEqual([encoded, sent], [[], []]);
  for (let i = 0; i < 3; i++) wants(interest, 1, 'red', 1);
  publish();
  assert.deepEqual([encoded, sent.length], [['msgpack'], 1]);
});

test('what it has asked of shards is settled when it is closed', async () => {
  const handlers = new URL('file:///handlers.js');
  const { interest, sent, spread } = openServer({ handlers });
  wants(interest, 1, 'red');
  const encode = (codec: Codec) => codec.encode('add', 'x');
  const asked = spread.ask(selectionOf('red', 0), encode, 60_000, 'add');
  assert.equal(sent.length, 1);
  spread.close();
  assert.deepEqual(await asked, { answers: [], missing: [], silentShards: [1] });
});

test('a list does not wait for a shard that has died', async () => {
  const { server, interest, sent, spread } = openServer({
    handlers: new URL('file:///handlers.js'),
  });
  for (const shard of [1, 2]) wants(interest, shard, '');
  const query = { list: 'rooms', room: '', after: '', limit: 1 } as const;
  const listed = spread.list(query, 60_000);
  assert.deepEqual(sent[0]?.[0], [1, 2]);
  server.shardDied(2);
  server.shardDied(1);
  assert.deepEqual(await listed, { connections: [], rooms: [], silentShards: [2, 1] });
});

test('a join from outside counts for each codec where somebody may be meant', () => {
  const { interest, sent, spread } = openServer({
    handlers: new URL('file:///handlers.js'),
    codec: 'negotiate',
  });
  wants(interest, 2, 'ann', 1);
  spread.command(selectionOf('ann', 0), { do: 'join', room: 'red' });
  assert.deepEqual(
    sent.map(([shards]) => shards),
    [[2]],
  );
  for (const codec of [0, 1]) {
    assert.deepEqual(interest.shardsFor(interestKey(SERVER, codec, 'red')), [2]);
  }
});
