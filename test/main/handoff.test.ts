import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { type Departure, Handoff, packUpgrades, takeBuffered } from '../../src/main/handoff.ts';
import type { Upgrade } from '../../src/shared/control-messages.ts';

/** A paused socket that has taken in these bytes. */
function socketWith(bytes: string): Socket {
  const socket = new Readable({ read: () => {} });
  socket.pause();
  if (bytes !== '') socket.push(bytes);
  return socket as Socket;
}

test('what has come in behind the request is taken, in its order', () => {
  const head = Buffer.from('head');
  assert.equal(takeBuffered(socketWith(''), head), head);
  assert.equal(takeBuffered(socketWith(' rest'), head).toString(), 'head rest');
  assert.equal(takeBuffered(socketWith('rest'), Buffer.alloc(0)).toString(), 'rest');
  const socket = socketWith('once');
  takeBuffered(socket, head);
  assert.equal(takeBuffered(socket, head), head);
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
  const handoff = new Handoff<Departure>(port1, packUpgrades);
  const failed = new Map<number, unknown>();
  for (const [connection, socket] of sockets.entries()) {
    const data = connection === 1 ? () => 'no clone of it' : undefined;
    const upgrade = { connection, data, head: Buffer.alloc(0) as Uint8Array } as Upgrade;
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
