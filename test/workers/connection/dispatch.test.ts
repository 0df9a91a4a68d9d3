import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Connection } from '../../../src/shared/api/public-types.ts';
import type { Codec, Message } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import type { Selection } from '../../../src/shared/emit/selection.ts';
import type { Upgrade } from '../../../src/shared/messages/control-messages.ts';
import { resolveServerOptions } from '../../../src/shared/options/server-options.ts';
import { InterestTable } from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts, RoomCounts } from '../../../src/shared/tables/room-counts.ts';
import { ModuleDispatch } from '../../../src/workers/connection/dispatch.ts';
import { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { FanOut } from '../../../src/workers/deliver/fan-out.ts';
import { Rooms } from '../../../src/workers/deliver/rooms.ts';
import type { ShardServer } from '../../../src/workers/deliver/shard-server.ts';
import { Counters } from '../../../src/workers/shard/counters.ts';
import { TestTransport } from '../write/test-transport.ts';

const SERVER = 1;

/** A server whose module is `onConnection`, in a shard that nobody runs, with fake transports. */
function openServer(slowConsumer: 'close' | 'drop', onConnection: (c: Connection) => unknown) {
  const options = resolveServerOptions({
    keepHeaders: 'all',
    endpoint: '/a',
    maxBufferedBytes: 100,
    slowConsumer,
  });
  const rooms = new Rooms(
    SERVER,
    0,
    new InterestTable(InterestTable.allocate()),
    new RoomCounts(allocateCounts()),
  );
  const codecs = createCodecs(options);
  const fanOut = new FanOut(() => {});
  const dispatch = new ModuleDispatch({ onConnection });
  const publish = (room: string, _sender: number, message: string | Uint8Array) =>
    fanOut.publish(rooms.membersOf(room) ?? [], 0, buildFrame(message), room);
  const server = {
    ...{ number: SERVER, endpoint: '/a' },
    ...{ options, fanOut, dispatch, counters: new Counters(), maxQueuedBytes: 100 },
    rooms: [rooms],
    publish: ({ room, except }: Selection, encode: (codec: Codec) => Message) =>
      publish(room, except, encode(codecs[0] as Codec)),
    shard: { number: 1 },
    codecs,
    report: (error: Error) => assert.fail(error),
    conclude: (socket: ServerWebSocket, reason: { code: number; reason: string }) => {
      rooms.leaveAll(socket);
      return dispatch.disconnected(socket, reason);
    },
  } as unknown as ShardServer;
  const connect = (number: number, waitingBytes: number) => {
    const transport = new TestTransport();
    if (waitingBytes > 0) transport.stall(waitingBytes);
    const upgrade = { connection: number, id: `id ${number}`, codec: 0 } as Upgrade;
    const webSocket = new ServerWebSocket(server, transport, upgrade, 0);
    rooms.expect(webSocket);
    dispatch.connected(webSocket);
    const sent = () => {
      fanOut.flush();
      const written = transport.log.filter((what) => what.startsWith('write '));
      return Buffer.from(written.map((what) => what.slice(6)).join(''), 'latin1');
    };
    return { webSocket, sent };
  };
  return { connect, publish };
}

for (const [what, slowConsumer, onConnection] of [
  ['is told that a message was dropped', 'drop', (c: Connection) => c.onError(() => answer(c))],
  ['is told that it was too slow', 'close', (c: Connection) => c.onError(() => answer(c))],
  ['is told of its end', 'close', (c: Connection) => c.onDisconnect(() => answer(c))],
] as const) {
  test(`a handler that ${what} cannot overtake the message that it is about`, async () => {
    const { connect, publish } = openServer(slowConsumer, (c) => {
      c.join('room');
      onConnection(c);
    });
    const first = connect(1, 0);
    connect(2, 100); // as much as may wait
    const third = connect(3, 0);
    publish('room', 0, 'the message');
    await null;
    const both = Buffer.concat([buildFrame('the message'), buildFrame('the answer')]);
    for (const { sent } of [first, third]) assert.deepEqual(sent(), both);
  });
}

function answer(c: Connection): void {
  c.to('room').emitMessage('the answer');
}

test('a connection is open when its handlers know of it, though they throw', () => {
  const log: unknown[] = [];
  const dispatch = new ModuleDispatch({
    onConnection: () => {
      log.push('told');
      throw new Error('thrown');
    },
  });
  const server = {
    endpoint: '/a',
    options: resolveServerOptions({ keepHeaders: 'all' }),
    report: ({ message }: Error) => log.push(message),
  };
  dispatch.connected({
    server,
    enter: () => log.push('enter'),
    open: () => log.push('open'),
  } as unknown as ServerWebSocket);
  assert.deepEqual(log, ['enter', 'told', 'a handler of onConnection on /a threw: thrown', 'open']);
});
