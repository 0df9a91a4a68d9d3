import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Connection, ServerHandle } from '../../../src/shared/api/public-types.ts';
import { AppConnection } from '../../../src/shared/app/app-connection.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { buildFrame } from '../../../src/shared/codec/frame.ts';
import type { Upgrade } from '../../../src/shared/messages/control-messages.ts';
import type { Verbs } from '../../../src/shared/spread/verbs.ts';
import { InterestTable } from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts, RoomCounts } from '../../../src/shared/tables/room-counts.ts';
import { ModuleDispatch, PrimaryDispatch } from '../../../src/workers/connection/dispatch.ts';
import type { SocketContext } from '../../../src/workers/connection/socket-context.ts';
import { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { FanOut } from '../../../src/workers/deliver/fan-out.ts';
import { Rooms } from '../../../src/workers/deliver/rooms.ts';
import { TestTransport } from '../write/test-transport.ts';
import { socketContext } from './socket-context.ts';

const SERVER = 1;

/** A server whose module is `onConnection`, in a shard that nobody runs, with fake transports. */
function openServer(slowConsumer: 'close' | 'drop', onConnection: (c: Connection) => unknown) {
  const rooms = new Rooms(
    SERVER,
    0,
    new InterestTable(InterestTable.allocate()),
    new RoomCounts(allocateCounts()),
  );
  const fanOut = new FanOut(() => {});
  const publish = (room: string, sender: number, message: string | Uint8Array) =>
    fanOut.publish(rooms.membersOf(room) ?? [], sender, buildFrame(message), room);
  const server: SocketContext = socketContext(
    { keepHeaders: 'all', endpoint: '/a', maxBufferedBytes: 100, slowConsumer },
    {
      ...{ number: SERVER, fanOut, rooms: [rooms] },
      dispatch: new ModuleDispatch({ onConnection }),
      appConnection: (link, identity) => {
        const verbs = verbsOf(server, assert.fail, ({ room, except }, encode) =>
          publish(room, except, encode(server.codecs[0] as Codec)),
        );
        return new AppConnection({} as ServerHandle, verbs, link, identity);
      },
    },
  );
  const connect = (number: number, waitingBytes: number) => {
    const transport = new TestTransport();
    if (waitingBytes > 0) transport.stall(waitingBytes);
    const upgrade = { connection: number, id: `id ${number}`, codec: 0 } as Upgrade;
    const webSocket = new ServerWebSocket(server, transport, upgrade, 0);
    rooms.expect(webSocket);
    server.dispatch.connected(webSocket);
    const sent = () => {
      fanOut.flush();
      const written = transport.log.filter((what) => what.startsWith('write '));
      return Buffer.from(written.map((what) => what.slice(6)).join(''), 'latin1');
    };
    return { webSocket, sent };
  };
  return { connect, publish };
}

/** What the app's view of a connection sends and reports by. */
function verbsOf(
  { options }: SocketContext,
  report: Verbs['report'],
  publish: Verbs['publish'] = () => {},
): Verbs {
  const ask = () => Promise.reject(new Error('nobody answers'));
  const unused = { list: ask, command: () => {}, count: () => 0 };
  return { endpoint: options.endpoint, limits: options, publish, ask, report, ...unused };
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
  const server: SocketContext = socketContext(
    { keepHeaders: 'all', endpoint: '/a' },
    {
      dispatch,
      appConnection: (link, identity) => {
        const verbs = verbsOf(server, ({ message }) => log.push(message));
        return new AppConnection({} as ServerHandle, verbs, link, identity);
      },
    },
  );
  class LoggedSocket extends ServerWebSocket {
    override enter(): void {
      log.push('enter');
    }
    override open(): void {
      log.push('open');
    }
  }
  const upgrade = { connection: 1, id: 'id 1', codec: 0 } as Upgrade;
  dispatch.connected(new LoggedSocket(server, new TestTransport(), upgrade, 0));
  assert.deepEqual(log, ['enter', 'told', 'a handler of onConnection on /a threw: thrown', 'open']);
});

test('all that a client makes a shard tell the primary counts, and its end releases it', () => {
  const log: unknown[] = [];
  const dispatch = new PrimaryDispatch(
    { sendAlways: () => log.push('record') },
    { sent: (_socket, bytes) => log.push(bytes), ended: () => log.push('ended') },
  );
  const socket = { server: { number: SERVER }, number: 1 } as unknown as ServerWebSocket;
  dispatch.message(socket, Buffer.from('abc'), false);
  dispatch.control(socket, 'ping', Buffer.from('ab'));
  dispatch.control(socket, 'pong', Buffer.from('a'));
  dispatch.disconnected(socket, { code: 1000, reason: '' });
  assert.deepEqual(log, ['record', 3, 'record', 2, 'record', 1, 'ended', 'record']);
});
