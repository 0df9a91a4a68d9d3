import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SocketWriter } from '../../src/workers/socket-writer.ts';

/** Both ends of a connection over the loopback interface; the client does not read yet. */
async function openPair() {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [socket] = (await once(server, 'connection')) as [Socket];
  server.close();
  const counters = { sentBytes: 0 };
  return { client, socket, writer: new SocketWriter(socket, counters), counters };
}

async function read(client: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of client) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks);
}

test('what the kernel takes at once does not wait, and is no work for the stream', async (t) => {
  const { client, socket, writer } = await openPair();
  const write = t.mock.method(socket, 'write');
  writer.write(Buffer.from('one '));
  writer.write(Buffer.from('two'));
  assert.equal(writer.waitingBytes, 0);
  assert.equal(writer.sentBytes, 7);
  assert.equal(write.mock.callCount(), isDirect() ? 0 : 2);
  assert.equal((await read(client, 7)).toString(), 'one two');
  socket.destroy();
});

test('what the kernel does not take waits, and what comes behind it stays behind it', async () => {
  const { client, socket, writer } = await openPair();
  const parts = Array.from({ length: 40 }, (_, i) => Buffer.alloc(2 ** 20, i));
  for (const part of parts) writer.write(part);
  const bytes = parts.length * 2 ** 20;
  assert.ok(writer.waitingBytes > 0);
  assert.equal(writer.sentBytes, bytes - writer.waitingBytes);
  const received = await read(client, bytes);
  assert.ok(received.equals(Buffer.concat(parts)));
  while (writer.waitingBytes > 0) await once(socket, 'drain');
  assert.equal(writer.sentBytes, bytes);
  socket.destroy();
});

test('small writes that wait are copied together, behind what was before and ahead of what is after', async (t) => {
  const { client, socket, writer } = await openPair();
  const big = Buffer.alloc(40 * 2 ** 20, 'a');
  writer.write(big);
  const before = writer.waitingBytes;
  const write = t.mock.method(socket, 'write');
  const small = Buffer.alloc(100);
  const sizes = [100, 100, 20_000, 100, 16_384, 10_000, 10_000, 1];
  const expected: Buffer[] = [big];
  for (const [i, size] of sizes.entries()) {
    const bytes = size === 100 ? small.fill(i) : Buffer.alloc(size, i);
    writer.write(bytes);
    expected.push(Buffer.from(bytes)); // `small` is used again
  }
  const sum = sizes.reduce((total, size) => total + size, 0);
  assert.equal(writer.waitingBytes, before + sum);
  const written = write.mock.calls.map(({ arguments: [bytes] }) => (bytes as Buffer).length);
  // The last two are not written before anything has gone. Writes of nothing tell when.
  assert.deepEqual(
    written.filter((bytes) => bytes > 0),
    [200, 20_000, 100, 16_384, 10_000],
  );
  const received = await read(client, big.length + sum);
  assert.ok(received.equals(Buffer.concat(expected)));
  assert.equal(writer.waitingBytes, 0);
  assert.equal(writer.sentBytes, big.length + sum);
  socket.destroy();
});

test('an end waits for small writes that wait', async () => {
  const { client, writer } = await openPair();
  writer.write(Buffer.alloc(20 * 2 ** 20));
  writer.write(Buffer.from('last words'));
  writer.end();
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  assert.ok(Buffer.concat(chunks).toString('latin1').endsWith('\0last words'));
});

test('it tells when all has gone, small writes too, and not of a socket that is destroyed', async () => {
  const { client, socket, writer } = await openPair();
  const { promise, resolve } = Promise.withResolvers<number>();
  writer.write(Buffer.alloc(20 * 2 ** 20));
  writer.write(Buffer.from('small'));
  writer.whenDrained(() => resolve(writer.waitingBytes));
  client.resume();
  assert.equal(await promise, 0);
  client.pause();
  writer.write(Buffer.alloc(20 * 2 ** 20));
  writer.whenDrained(() => assert.fail('it has not drained'));
  socket.on('error', () => {});
  socket.destroy();
  await once(socket, 'close');
  client.destroy();
});

test('a write that waits ends with the socket', async () => {
  const { client, socket, writer } = await openPair();
  writer.write(Buffer.alloc(40 * 2 ** 20));
  assert.ok(writer.waitingBytes > 0);
  socket.on('error', () => {});
  socket.destroy();
  await once(socket, 'close');
  writer.write(Buffer.from('late')); // for nobody
  client.destroy();
});

test('an end waits for what has been written before it', async () => {
  const { client, socket, writer } = await openPair();
  writer.write(Buffer.alloc(20 * 2 ** 20, 'a'));
  socket.end();
  writer.write(Buffer.from('late'));
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  const received = Buffer.concat(chunks);
  assert.equal(received.length, 20 * 2 ** 20);
  assert.equal(received.at(-1), 'a'.charCodeAt(0));
});

test('a write whose end is told late is waited for, though all behind it has gone', async () => {
  if (!isDirect()) return;
  const { client, socket, writer } = await openPair();
  const request: { writeStatus: null; oncomplete?: (status: number) => void } = {
    writeStatus: null,
  };
  const { _handle: handle } = socket as unknown as { _handle: Record<string, unknown> };
  handle.writeBuffer = () => {
    delete handle.writeBuffer; // the handle's own, from the next write on
    return request;
  };
  writer.write(Buffer.from('late'));
  let drained = 0;
  writer.whenDrained(() => {
    drained += 1;
  });
  await nextTurn();
  await nextTurn();
  assert.deepEqual([writer.waitingBytes, drained], [4, 0]);
  request.oncomplete?.(0);
  assert.deepEqual([writer.waitingBytes, drained], [0, 1]);
  socket.destroy();
  client.destroy();
});

test('a handle that refuses ends the socket', () => {
  if (!isDirect()) return;
  let closes = 0;
  const handle = {
    writeBuffer: () => -32, // EPIPE
    close: () => {
      closes += 1;
    },
  };
  const options: object = { handle, manualStart: true };
  const socket = new Socket(options);
  socket.on('error', () => {});
  new SocketWriter(socket, { sentBytes: 0 }).write(Buffer.from('a'));
  assert.equal(socket.destroyed, true);
  assert.equal(closes, 1);
});

test('a write that has ended before it returned does not wait', () => {
  const request = { writeStatus: 0 };
  const handle = { writeBuffer: () => request, close: () => {} };
  const options: object = { handle, manualStart: true };
  const writer = new SocketWriter(new Socket(options), { sentBytes: 0 });
  if (!isDirect()) return;
  writer.write(Buffer.from('a'));
  assert.equal(writer.waitingBytes, 0);
});

/** Node.js 24 needs a request object for each write, so there the stream has to do it. */
function isDirect(): boolean {
  return !process.version.startsWith('v24.');
}
