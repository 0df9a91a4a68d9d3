import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { SocketRelay } from '../../../src/main/place/socket-relay.ts';
import { RelayedSocket } from '../../../src/workers/adopt/relayed-socket.ts';
import { StreamTransport } from '../../../src/workers/write/stream-transport.ts';
import { TcpTransport } from '../../../src/workers/write/tcp-transport.ts';
import { identity } from '../../end-to-end/kit/transport.ts';

const LARGE = 32 * 2 ** 20;
/** The handle of TLS, and below it that of the TCP connection. */
interface HasParent {
  readonly _parent: { writeBuffer(request: null, bytes: Buffer): unknown };
}

const COUNTERS = { sentBytes: 0 };

/** Both sides of a connection on the loopback interface; the client does not read. */
async function connection(isTls: boolean) {
  const server = isTls
    ? createTlsServer({ ...identity('first'), pauseOnConnect: true })
    : createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const to = { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
  const client = isTls ? connectTls({ ...to, rejectUnauthorized: false }) : connectTcp(to);
  const [socket] = await once(server, isTls ? 'secureConnection' : 'connection');
  server.close();
  return { socket: socket as Socket, client };
}

for (const [what, isTls, wrap] of [
  [
    'a handle',
    false,
    (socket: Socket) => {
      const { _handle } = socket as unknown as { _handle: object };
      return new TcpTransport(_handle, Buffer.alloc(1), COUNTERS);
    },
  ],
  ['a socket', false, (socket: Socket) => new StreamTransport(socket, COUNTERS)],
  ['a TLS socket', true, (socket: Socket) => new StreamTransport(socket, COUNTERS)],
  [
    'a socket of another thread',
    false,
    (socket: Socket) => {
      const relay = new SocketRelay(socket);
      relay.start();
      return new StreamTransport(new RelayedSocket(relay.far), COUNTERS);
    },
  ],
] as const) {
  test(`bytes of a write that is not over are seen to move: ${what}`, async () => {
    const { socket, client } = await connection(isTls);
    const transport = wrap(socket);
    transport.write(Buffer.alloc(LARGE));
    let seen = transport.takenBytes;
    let moves = 0;
    let received = 0;
    while (transport.waitingBytes > 0) {
      const chunk: Buffer | null = client.read();
      received += chunk?.length ?? 0;
      if (chunk === null && received < LARGE) await once(client, 'readable');
      await nextTurn();
      if (transport.waitingBytes === 0) break;
      const { takenBytes } = transport;
      assert.ok(takenBytes >= seen);
      if (takenBytes > seen) moves += 1;
      seen = takenBytes;
      assert.equal(transport.waitingBytes, LARGE, 'a write counts until all of it has gone');
    }
    assert.ok(moves > 1, `${moves} times`);
    assert.ok(transport.takenBytes >= LARGE);
    transport.destroy();
    client.destroy();
  });
}

test('bytes of a TLS record that is not whole are seen to arrive', async () => {
  const { socket, client } = await connection(true);
  const transport = new StreamTransport(socket, COUNTERS);
  const read: number[] = [];
  socket.on('data', (chunk) => read.push(chunk.length));
  transport.resume();
  const before = transport.arrivedBytes;
  // The beginning of a record, behind the back of the client's TLS (RFC 8446 section 5.1).
  const { _parent: below } = (client as Socket & { _handle: HasParent })._handle;
  below.writeBuffer(null, Buffer.of(23, 3, 3, 0x40, 0, 1, 2));
  while (transport.arrivedBytes === before) await nextTurn();
  assert.equal(transport.arrivedBytes, before + 7);
  assert.deepEqual(read, []);
  transport.destroy();
  client.destroy();
});
