import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LinkContext, RemoteLink } from '../../../src/main/servers/remote-link.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import { PRIMARY, type Upgrade } from '../../../src/shared/messages/control-messages.ts';
import { resolveServerOptions } from '../../../src/shared/options/server-options.ts';
import type { RoutedRecord } from '../../../src/shared/ring/tick-loop.ts';
import {
  InterestMap,
  InterestTable,
  interestKey,
} from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts, CountsMap, RoomCounts } from '../../../src/shared/tables/room-counts.ts';
import { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { receiveRecord } from '../../../src/workers/deliver/receive-record.ts';
import { Rooms } from '../../../src/workers/deliver/rooms.ts';
import type { ShardServer } from '../../../src/workers/deliver/shard-server.ts';
import type { ShardContext } from '../../../src/workers/shard/shard-context.ts';
import { socketContext } from '../../workers/connection/socket-context.ts';
import { TestTransport } from '../../workers/write/test-transport.ts';
import { viewOf } from '../messages/view-of.ts';

const SERVER = 3;
const SHARD = 1;
const CODEC = 0;
const handshake = { key: '', protocol: '', codec: CODEC };
const codecs = createCodecs(resolveServerOptions({}));

/** The primary, one shard and what is on its way between them, all in this thread. */
function openShard() {
  const memory = InterestTable.allocate();
  const interest = new InterestTable(memory);
  const seenByPrimary = new InterestMap();
  seenByPrimary.set(SHARD, memory);
  const onTheirWay: Buffer[] = [];
  const full = { is: false };
  const peers = {
    self: PRIMARY,
    interest: seenByPrimary,
    counts: new CountsMap(),
    send: (records: readonly RoutedRecord[]) => {
      if (full.is) throw new Error('full');
      for (const { record } of records) onTheirWay.push(record);
    },
    sendAlways: (_shard: number, record: Buffer) => onTheirWay.push(record),
  };
  const link: LinkContext = { number: SERVER, codecs, peers, counters: { emitted: 0 } };
  const sockets = new Map<number, ServerWebSocket>();
  const rooms = new Rooms(SERVER, CODEC, interest, new RoomCounts(allocateCounts()));
  const context = socketContext({}, { rooms: [rooms], forget: (number) => sockets.delete(number) });
  const socket = (connection: number) => sockets.get(connection);
  const spread = { receive: () => false };
  const server = { ...context, socket, spread } as unknown as ShardServer;
  const servers = new Map([[SERVER, server]]);
  const shard = { interest, load: { receive: () => {} } } as unknown as ShardContext;

  return {
    full,
    rooms,
    isWanted: (room: string) => interest.has(interestKey(SERVER, CODEC, room)),
    isEmpty: () => new Uint32Array(memory).every((slot) => slot === 0),
    connect: (number: number) => {
      const upgrade = { connection: number, id: `id ${number}`, codec: CODEC } as Upgrade;
      const webSocket = new ServerWebSocket(context, new TestTransport(), upgrade, 0);
      sockets.set(number, webSocket);
      rooms.expect(webSocket);
      rooms.enter(webSocket);
      return { webSocket, link: new RemoteLink(link, handshake, number, SHARD) };
    },
    receive: (count = onTheirWay.length) => {
      for (const record of onTheirWay.splice(0, count)) {
        receiveRecord(shard, servers, viewOf(record));
      }
    },
    removeServer: () => servers.delete(SERVER),
  };
}

test('a join counts from when it is sent, and once it has arrived', () => {
  const shard = openShard();
  const { webSocket, link } = shard.connect(1);
  link.join('red');
  assert.equal(shard.isWanted('red'), true);
  shard.receive();
  assert.equal(shard.isWanted('red'), true);
  link.leave('red');
  assert.equal(shard.isWanted('red'), true, 'until the leave has arrived');
  shard.receive();
  assert.equal(shard.isWanted('red'), false);
  webSocket.terminate();
  assert.equal(shard.isEmpty(), true);
});

test('a join that could not be sent is not counted', () => {
  const shard = openShard();
  const { webSocket, link } = shard.connect(1);
  shard.full.is = true;
  assert.throws(() => link.join('red'), { message: 'full' });
  assert.equal(shard.isWanted('red'), false);
  webSocket.terminate();
  assert.equal(shard.isEmpty(), true);
});

for (const [what, ends] of [
  ['closing', (socket: ServerWebSocket) => socket.disconnect(1000, '')],
  ['gone', (socket: ServerWebSocket) => socket.socketClosed()],
] as const) {
  test(`a join that comes for a connection that is ${what} counts for nothing`, () => {
    const shard = openShard();
    const { webSocket, link } = shard.connect(1);
    link.join('red');
    shard.receive();
    link.join('blue');
    ends(webSocket);
    link.join('green');
    link.leave('red');
    shard.receive();
    assert.equal(shard.rooms.size, 0);
    assert.equal(shard.isEmpty(), true);
  });
}

test('a join that comes for a server that is gone counts for nothing', () => {
  const shard = openShard();
  const { webSocket, link } = shard.connect(1);
  link.join('red');
  webSocket.terminate();
  shard.removeServer();
  shard.receive();
  assert.equal(shard.isEmpty(), true);
});

const ROOMS = ['red', 'blue', 'id 1', 'é😀'];
const action = fc.record({
  what: fc.constantFrom('connect', 'join', 'join', 'leave', 'end', 'receive'),
  connection: fc.integer({ min: 1, max: 3 }),
  room: fc.constantFrom(...ROOMS),
});

test('whatever connections do, no message misses a room, and nothing is left in the end', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const shard = openShard();
      const open = new Map<number, ReturnType<typeof shard.connect>>();
      const links: RemoteLink[] = [];
      let last = 0;
      const perform: Record<string, (number: number, room: string) => void> = {
        connect: (number) => {
          if (open.has(number)) return;
          last += 1;
          const connection = shard.connect(last);
          open.set(number, connection);
          links.push(connection.link);
        },
        join: (number, room) => open.get(number)?.link.join(room),
        leave: (number, room) => open.get(number)?.link.leave(room),
        end: (number) => {
          open.get(number)?.webSocket.socketClosed();
          open.delete(number);
        },
        receive: (number) => shard.receive(number),
      };
      for (const { what, connection, room } of actions) {
        perform[what]?.(connection, room);
        for (const { link } of open.values()) {
          for (const joined of link.rooms ?? []) assert.equal(shard.isWanted(joined), true);
        }
      }
      for (const { webSocket } of open.values()) webSocket.terminate();
      shard.receive();
      assert.equal(shard.isEmpty(), true);
      assert.equal(shard.rooms.size, 0);
    }),
    { numRuns: 60 }, // each of a table of 1 MiB
  );
});
