import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { PrimaryServer } from '../../../src/main/servers/primary-server.ts';
import type { Connection, ServerHandle } from '../../../src/shared/api/public-types.ts';
import { NotMe } from '../../../src/shared/api/targets.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { selectionOf } from '../../../src/shared/emit/selection.ts';
import { PRIMARY } from '../../../src/shared/messages/control-messages.ts';
import {
  connectionOf,
  encodeCloseRecord,
  encodeRecord,
  flagOf,
  kindOf,
  nameOf,
  RecordKind,
} from '../../../src/shared/messages/records.ts';
import {
  resolveServerOptions,
  type ServerOptions,
} from '../../../src/shared/options/server-options.ts';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';
import { CountsMap } from '../../../src/shared/tables/room-counts.ts';

const SERVER = 4;
const SHARDS = [1, 2, 3];
const request = { method: 'GET', url: '/a', headers: {}, remoteAddress: '' };
const handle = {} as ServerHandle;
const handshake = { key: '', protocol: '', codec: 0 };

/** A server on the primary whose shards are tables of what they want, and a list of records. */
function openServer(options: ServerOptions = {}) {
  const sent: [shards: readonly number[], record: Buffer][] = [];
  const interest = new InterestMap();
  for (const shard of SHARDS) interest.set(shard, InterestTable.allocate());
  const server = new PrimaryServer(SERVER, resolveServerOptions({ endpoint: '/a', ...options }), {
    outlet: {
      from: PRIMARY,
      interest,
      send: (records) => {
        for (const { peers, record } of records) sent.push([peers, record]);
      },
      sendAlways: (shard, record) => sent.push([[shard], record]),
    },
    counts: new CountsMap(),
    report: (error) => assert.fail(error),
  });
  const opened: Connection[] = [];
  if (server.hasClosures) server.addConnectionHandler((connection) => opened.push(connection));
  const receive = (kind: RecordKind, connection: number, shard: number) => {
    const record =
      kind === RecordKind.DISCONNECTED
        ? encodeCloseRecord({ kind, server: SERVER, connection }, 1000, '')
        : encodeRecord({ kind, server: SERVER, connection });
    server.receive(handle, record, 0, record.length, shard);
  };
  return { server, interest, sent, opened, receive };
}

function wants(interest: InterestMap, shard: number, room: string, codec = 0): void {
  interest.of(shard)?.add(interestKey(SERVER, codec, room));
}

test('a message goes to the shards that have members of its room, and to no others', () => {
  const { server, interest, sent } = openServer();
  server.publish(selectionOf('red', 0), () => assert.fail('nobody wants it'));
  assert.equal(sent.length, 0);
  wants(interest, 2, 'red');
  wants(interest, 3, 'red');
  wants(interest, 1, 'blue');
  interest.of(1)?.add(interestKey(SERVER + 1, 0, 'red')); // another server's
  server.publish(selectionOf('red', 7), () => 'hello');
  const [[shards, record]] = sent as [[number[], Buffer]];
  assert.deepEqual(shards, [2, 3]);
  assert.deepEqual(
    [kindOf(record, 0), flagOf(record, 0), connectionOf(record, 0), nameOf(record, 0)],
    [RecordKind.PUBLISH, 0, 0, 'red'],
  );
});

test('a message for everyone goes to the shards that have anyone', () => {
  const { server, interest, sent } = openServer();
  wants(interest, 3, '');
  wants(interest, 1, 'red');
  server.publish(selectionOf('', 7), () => 'hello');
  server.publish(selectionOf(NotMe, 7), () => 'hello');
  assert.deepEqual(
    sent.map(([shards, record]) => [shards, flagOf(record, 0), connectionOf(record, 0)]),
    [
      [[3], 0, 0],
      [[3], 0, 7],
    ],
  );
});

test('an upgrade that has arrived is a connection, whose client is told after the closures', () => {
  const { server, sent, opened, receive } = openServer();
  server.expect(7, { shard: 1, identity: { id: 'ann', request, data: 'data' }, handshake });
  receive(RecordKind.CONNECTED, 7, 1);
  assert.deepEqual([opened[0]?.id, opened[0]?.data], ['ann', 'data']);
  assert.deepEqual(
    sent.map(([shards, record]) => [shards, kindOf(record, 0)]),
    [
      [[1], RecordKind.ENTER],
      [[1], RecordKind.OPEN],
    ],
  );
  receive(RecordKind.CONNECTED, 7, 1);
  assert.equal(opened.length, 1, 'it arrives once');
});

test('a shard is told when the closures know of an end, behind what they have sent', () => {
  const { server, sent, opened, receive } = openServer();
  server.expect(7, { shard: 1, identity: { id: 'ann', request, data: undefined }, handshake });
  receive(RecordKind.CONNECTED, 7, 1);
  opened[0]?.emitMessage('before');
  opened[0]?.onDisconnect(() => opened[0]?.emitMessage('too late'));
  receive(RecordKind.DISCONNECTED, 7, 1);
  receive(RecordKind.DISCONNECTED, 7, 1);
  const kinds = sent.slice(2).map(([, record]) => [kindOf(record, 0), connectionOf(record, 0)]);
  assert.deepEqual(kinds, [
    [RecordKind.SEND, 7],
    [RecordKind.CONCLUDED, 7],
  ]);
});

test('an upgrade that was on its way to a shard that died is never a connection', () => {
  const { server, opened, receive } = openServer();
  for (const [connection, shard] of [
    [7, 1],
    [8, 2],
    [9, 1],
  ] as const) {
    server.expect(connection, {
      shard: shard,
      identity: { id: `id ${connection}`, request, data: undefined },
      handshake,
    });
  }
  server.refused(9);
  server.shardDied(1);
  for (const connection of [7, 8, 9]) receive(RecordKind.CONNECTED, connection, 2);
  assert.deepEqual(
    opened.map(({ id }) => id),
    ['id 8'],
  );
});

test('it is empty when the last connection has ended, however that was', async () => {
  const { server, opened, receive } = openServer();
  await server.empty();
  for (const [connection, shard] of [
    [7, 1],
    [8, 2],
  ] as const) {
    server.expect(connection, {
      shard: shard,
      identity: { id: `id ${connection}`, request, data: undefined },
      handshake,
    });
    receive(RecordKind.CONNECTED, connection, shard);
  }
  const ends: unknown[] = [];
  for (const connection of opened) connection.onDisconnect(({ code }) => ends.push(code));
  const empty = server.empty().then(() => ends.push('empty'));
  receive(RecordKind.DISCONNECTED, 7, 1);
  server.shardDied(2);
  await empty;
  assert.deepEqual(ends, [1000, 1006, 'empty']);
});

test('what it sends is encoded for the codecs of those who are there, once for each', () => {
  const { server, interest, sent } = openServer({ codec: 'negotiate' });
  const encoded: string[] = [];
  const publish = () =>
    server.publish(selectionOf('red', 0), (codec: Codec) => {
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
  const { server, interest, sent } = openServer({ handlers });
  wants(interest, 1, 'red');
  const encode = (codec: Codec) => codec.encode('add', 'x');
  const asked = server.ask(selectionOf('red', 0), { encode, timeoutMs: 60_000 });
  assert.equal(sent.length, 1);
  server.closed();
  assert.deepEqual(await asked, { answers: [], missing: [], silentShards: [1] });
});

test('a list does not wait for a shard that has died', async () => {
  const { server, interest, sent } = openServer({ handlers: new URL('file:///handlers.js') });
  for (const shard of [1, 2]) wants(interest, shard, '');
  const query = { list: 'rooms', room: '', after: '', limit: 1 } as const;
  const listed = server.list(query, 60_000);
  assert.deepEqual(sent[0]?.[0], [1, 2]);
  server.shardDied(2);
  server.shardDied(1);
  assert.deepEqual(await listed, { connections: [], rooms: [], silentShards: [2, 1] });
});

test('a join from outside counts for each codec where somebody may be meant', () => {
  const { server, interest, sent } = openServer({
    handlers: new URL('file:///handlers.js'),
    codec: 'negotiate',
  });
  wants(interest, 2, 'ann', 1);
  server.command(selectionOf('ann', 0), { do: 'join', room: 'red' });
  assert.deepEqual(
    sent.map(([shards]) => shards),
    [[2]],
  );
  for (const codec of [0, 1]) {
    assert.deepEqual(interest.shardsFor(interestKey(SERVER, codec, 'red')), [2]);
  }
});
