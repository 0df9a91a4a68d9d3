import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import {
  type Departure,
  Handoff,
  HandoffSchedule,
  packUpgrades,
  takeBuffered,
} from '../../../src/main/place/handoff.ts';
import type { ToShard, Upgrade } from '../../../src/shared/messages/control-messages.ts';

/** A paused socket that has taken in these bytes. */
function socketWith(bytes: string): Socket {
  const socket = new Readable({ read: () => {} });
  socket.pause();
  if (bytes !== '') socket.push(bytes);
  return socket as Socket;
}

test('what has come in behind the request is taken, in its order', () => {
  const head = Buffer.from('head');
  const taken = (socket: Socket, before?: Buffer) => {
    const bytes = takeBuffered(socket, before);
    if (bytes === undefined) return undefined;
    assert.equal(bytes.buffer.byteLength, bytes.length, 'nothing else goes with them');
    return Buffer.from(bytes).toString();
  };
  assert.equal(taken(socketWith(''), head), 'head');
  assert.equal(taken(socketWith(' rest'), head), 'head rest');
  assert.equal(taken(socketWith('rest'), Buffer.alloc(0)), 'rest');
  assert.equal(taken(socketWith(''), Buffer.alloc(0)), undefined);
  const socket = socketWith('once');
  assert.equal(taken(socket), 'once');
  assert.equal(taken(socket), undefined);
});

/** Sockets as an upgrade leaves them, each with a peer that has sent the same. */
async function acceptPaused(count: number) {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  const clients: Socket[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(connect(port, '127.0.0.1').on('error', () => {}));
    sockets.push(((await once(server, 'connection')) as [Socket])[0]);
  }
  server.close();
  return { sockets, clients };
}

test('of those that leave together each that cannot stays behind, and no other', async (t) => {
  const { sockets, clients } = await acceptPaused(4);
  const { port1, port2 } = new MessageChannel();
  t.after(() => {
    for (const socket of [...sockets, ...clients]) socket.destroy();
    port1.close();
  });
  const handoff = new Handoff<Departure>(new HandoffSchedule(), port1, packUpgrades);
  const failed = new Map<number, unknown>();
  for (const [connection, socket] of sockets.entries()) {
    const data = connection === 1 ? () => 'no clone of it' : undefined;
    const upgrade = { connection, data } as Upgrade;
    handoff.add({ socket, upgrade, onFailed: (cause) => failed.set(connection, cause) });
  }
  sockets[2]?.destroy();
  handoff.flush();

  const moved: number[] = [];
  for (let next = receiveMessageOnPort(port2); next; next = receiveMessageOnPort(port2)) {
    const { upgrades, handles } = next.message as { upgrades: Upgrade[]; handles: object[] };
    assert.equal(handles.length, upgrades.length);
    moved.push(...upgrades.map(({ connection }) => connection));
  }
  assert.deepEqual(moved, [0, 3]);
  assert.deepEqual([...failed.keys()].sort(), [1, 2]);
  assert.equal((failed.get(1) as Error).name, 'DataCloneError');
  assert.equal(failed.get(2), undefined);
  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    [true, false, true, true],
    'the one that cannot move can still be answered',
  );
});

/** A handoff of sockets that are named by numbers, and the messages that they went in. */
function handoffOf(schedule = new HandoffSchedule()) {
  const messages: number[][] = [];
  const port = { postMessage: (message: number[]) => messages.push(message) };
  const pack = (departures: readonly object[]) =>
    departures.map((departure) => (departure as { number: number }).number);
  const handoff = new Handoff(schedule, port as never, pack as never);
  const add = (number: number) => {
    const socket = { destroyed: false, destroy: () => {} };
    handoff.add({ number, socket, onFailed: () => assert.fail() } as never);
  };
  return { handoff, add, messages };
}

test('where descriptors have run out the last ones end, and the others move', async (t) => {
  const { sockets, clients } = await acceptPaused(3);
  const { port1, port2 } = new MessageChannel();
  t.after(() => {
    for (const socket of [...sockets, ...clients]) socket.destroy();
    port1.close();
  });
  const schedule = new HandoffSchedule();
  t.mock.method(schedule.spare, 'lend', () => sockets.some(({ destroyed }) => destroyed));
  let unsent = 0;
  const sent = { next: 5, sent: () => {}, unsent: () => (unsent += 1) };
  const handoff = new Handoff<Departure>(schedule, port1, packUpgrades, sent as never);
  const failed: number[] = [];
  for (const [connection, socket] of sockets.entries()) {
    const upgrade = { connection } as Upgrade;
    handoff.add({ socket, upgrade, onFailed: () => failed.push(connection) });
  }
  handoff.flush();
  const { message } = receiveMessageOnPort(port2) as { message: ToShard & { type: 'adopt' } };
  assert.equal(message.handoff, 5);
  assert.deepEqual(
    message.upgrades.map(({ connection }) => connection),
    [0, 1],
  );
  assert.deepEqual([failed, unsent], [[2], 1]);
});

test('sockets wait as long as each turn brings another, and 32 at most', async (t) => {
  t.mock.method(performance, 'now', () => 0);
  const { add, messages } = handoffOf();
  for (let number = 1; number <= 70; number++) {
    add(number);
    await nextTurn();
  }
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  assert.deepEqual(
    messages.map((numbers) => numbers.length),
    [32, 32, 6],
  );
  assert.deepEqual(
    messages.flat(),
    Array.from({ length: 70 }, (_, at) => at + 1),
  );
});

test('where turns are long nobody waits for many', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { add, messages } = handoffOf();
  for (let number = 1; number <= 6; number++) {
    add(number);
    await nextTurn();
    now += 1;
  }
  assert.deepEqual(messages, [
    [1, 2, 3],
    [4, 5, 6],
  ]);
});

test('a socket for one shard lets those wait that are for another', async (t) => {
  t.mock.method(performance, 'now', () => 0);
  const schedule = new HandoffSchedule();
  const shards = [handoffOf(schedule), handoffOf(schedule)];
  for (let number = 0; number < 10; number++) {
    shards[number % 2]?.add(number);
    await nextTurn();
  }
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  assert.deepEqual(
    shards.map(({ messages }) => messages),
    [[[0, 2, 4, 6, 8]], [[1, 3, 5, 7, 9]]],
  );
});

test('what waits goes at once when it is asked to, and nothing waits for what has gone', async () => {
  const { handoff, add, messages } = handoffOf();
  for (const number of [1, 2, 3]) add(number);
  handoff.flush();
  add(4);
  assert.deepEqual(messages, [[1, 2, 3]]);
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  assert.deepEqual(messages, [[1, 2, 3], [4]]);
});
