import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { movedSocket } from '../../../src/workers/adopt/moved-socket.ts';
import { onRead, StreamTransport } from '../../../src/workers/write/stream-transport.ts';
import { TcpTransport } from '../../../src/workers/write/tcp-transport.ts';
import type { Transport } from '../../../src/workers/write/transport.ts';
import { RecordingOwner } from './recording-owner.ts';

const MIB = 2 ** 20;

type Counters = { sentBytes: number };

/** The ways to make one of a handle that has moved here. */
const KINDS: Record<string, (handle: object, buffer: Buffer, counters: Counters) => Transport> = {
  stream: (handle, buffer, counters) =>
    new StreamTransport(movedSocket(handle, { buffer, callback: onRead }), counters),
};
if (TcpTransport.isPossible) {
  KINDS.tcp = (handle, buffer, counters) => new TcpTransport(handle, buffer, counters);
}

/** Both ends of a connection over the loopback interface; neither reads yet. */
async function openPair(kind: string) {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).pause();
  client.on('error', () => {});
  const [accepted] = (await once(server, 'connection')) as [Socket & { _handle: object | null }];
  server.close();
  const handle = accepted._handle as object;
  accepted._handle = null; // as when it moves to another thread
  accepted.destroy();
  const counters = { sentBytes: 0 };
  const transport = KINDS[kind]?.(handle, Buffer.alloc(64), counters) as Transport;
  const owner = new RecordingOwner();
  transport.owner = owner;
  const end = async () => {
    client.destroy();
    transport.destroy();
    await owner.until('closed');
  };
  return { client, transport, owner, counters, handle: handle as Record<string, unknown>, end };
}

/** Resolves when there is something to read, or nothing will come any more. */
async function changed(client: Socket): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const any = ['readable', 'end'].map((event) => once(client, event, { signal }));
  await Promise.race(any);
  waiting.abort();
  await Promise.allSettled(any);
}

async function read(client: Socket, bytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const chunk = client.read() as Buffer | null;
    if (chunk !== null) {
      chunks.push(chunk);
      length += chunk.length;
    } else if (client.readableEnded) break;
    else await changed(client);
  }
  return Buffer.concat(chunks);
}

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: what the kernel takes at once does not wait`, async () => {
    const { client, transport, counters, end } = await openPair(kind);
    transport.write(Buffer.from('one '));
    assert.equal(transport.waitingBytes, 0);
    transport.write(Buffer.from('two'));
    assert.deepEqual([transport.waitingBytes, transport.sentBytes, counters.sentBytes], [0, 7, 7]);
    assert.equal((await read(client, 7)).toString(), 'one two');
    await end();
  });

  test(`${kind}: what the kernel does not take waits, and what comes behind it stays behind it`, async () => {
    const { client, transport, end } = await openPair(kind);
    const parts = Array.from({ length: 40 }, (_, i) => Buffer.alloc(MIB, i));
    for (const part of parts) transport.write(part);
    assert.ok(transport.waitingBytes > 0);
    assert.equal(transport.sentBytes, 40 * MIB - transport.waitingBytes);
    const received = await read(client, 40 * MIB);
    assert.ok(received.equals(Buffer.concat(parts)));
    const { promise, resolve } = Promise.withResolvers<void>();
    transport.whenDrained(resolve);
    await promise;
    assert.deepEqual([transport.waitingBytes, transport.sentBytes], [0, 40 * MIB]);
    await end();
  });

  test(`${kind}: an end waits for all that has been written, and nothing is written behind it`, async () => {
    const { client, transport, end } = await openPair(kind);
    transport.write(Buffer.alloc(20 * MIB));
    transport.write(Buffer.from('last words'));
    transport.end();
    transport.write(Buffer.from('late'));
    const received = await read(client);
    assert.equal(received.length, 20 * MIB + 'last words'.length);
    assert.ok(received.subarray(-11).toString('latin1').endsWith('\0last words'));
    await end();
  });

  test(`${kind}: it tells when all that had been written has gone, and not of what never goes`, async () => {
    const { client, transport, owner } = await openPair(kind);
    const told: string[] = [];
    const { promise, resolve } = Promise.withResolvers<number>();
    transport.whenDrained(() => told.push('nothing'));
    assert.equal(told.length, 0, 'not before it returns');
    transport.write(Buffer.alloc(20 * MIB));
    transport.whenDrained(() => told.push('first'));
    transport.write(Buffer.from('small'));
    transport.whenDrained(() => resolve(transport.waitingBytes));
    client.resume();
    assert.equal(await promise, 0);
    assert.deepEqual(told, ['nothing', 'first']);
    client.pause();
    transport.write(Buffer.alloc(20 * MIB));
    transport.whenDrained(() => assert.fail('it has not drained'));
    transport.destroy();
    transport.whenDrained(() => assert.fail('it never will'));
    await owner.until('closed');
    client.destroy();
  });

  test(`${kind}: it reads between resume and pause, into the buffer that it is given`, async () => {
    const { client, transport, owner, end } = await openPair(kind);
    client.write('x'.repeat(100));
    transport.resume();
    transport.resume();
    await owner.until(`read ${'x'.repeat(36)}`);
    assert.deepEqual(owner.log, [`read ${'x'.repeat(64)}`, `read ${'x'.repeat(36)}`]);
    transport.pause();
    transport.pause();
    client.write('later');
    transport.write(Buffer.from('!'));
    assert.equal((await read(client, 1)).toString(), '!');
    assert.equal(owner.log.length, 2);
    transport.resume();
    await owner.until('read later');
    await end();
  });

  test(`${kind}: the end of its peer is told, and it goes when it has ended too`, async () => {
    const { client, transport, owner } = await openPair(kind);
    transport.resume();
    client.end('bye');
    await owner.until('ended');
    transport.pause();
    transport.resume();
    transport.write(Buffer.from('bye bye'));
    transport.end();
    assert.equal((await read(client)).toString(), 'bye bye');
    await owner.until('closed');
    assert.deepEqual(owner.log, ['read bye', 'ended', 'closed']);
  });

  test(`${kind}: where it ends first it goes with the end of its peer`, async () => {
    const { client, transport, owner } = await openPair(kind);
    transport.resume();
    transport.end();
    transport.end();
    assert.equal((await read(client)).length, 0);
    client.end('and out');
    await owner.until('ended');
    transport.end(); // as a web socket does
    await owner.until('closed');
    assert.deepEqual(owner.log, ['read and out', 'ended', 'closed']);
  });

  test(`${kind}: a connection that breaks is gone, with what waits`, async () => {
    const { client, transport, owner, counters } = await openPair(kind);
    transport.resume();
    transport.write(Buffer.alloc(40 * MIB));
    assert.ok(transport.waitingBytes > 0);
    client.resetAndDestroy();
    await owner.until('closed');
    assert.deepEqual([transport.waitingBytes, transport.isDestroyed], [0, true]);
    transport.write(Buffer.from('for nobody'));
    assert.equal(counters.sentBytes, 40 * MIB);
    transport.end();
    transport.destroy();
    assert.deepEqual(owner.log, ['closed']);
  });
}
