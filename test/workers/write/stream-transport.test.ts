import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StreamTransport } from '../../../src/workers/write/stream-transport.ts';
import { RecordingOwner } from './recording-owner.ts';

/** A socket of the test's own, whose writes end as it says, and what happens to its transport. */
function streamOf(write: (bytes: Buffer, done: (error?: Error) => void) => void) {
  const socket = new Duplex({ read: () => {}, write: (bytes, _, done) => write(bytes, done) });
  const transport = new StreamTransport(socket as Socket, { sentBytes: 0 });
  const owner = new RecordingOwner();
  transport.owner = owner;
  return { socket, transport, owner };
}

test('that a write is over, told late, is not taken for the end of the next one', async () => {
  let isStalled = false;
  const { transport } = streamOf((_, done) => {
    if (!isStalled) done(); // who wrote is called back in a later tick all the same
  });
  transport.write(Buffer.from('one'));
  isStalled = true;
  transport.write(Buffer.from('other'));
  await nextTurn();
  assert.deepEqual([transport.waitingBytes, transport.sentBytes], [5, 3]);
});

test('a write that fails has not gone', async () => {
  let fail = (_?: Error): void => {};
  const { transport, owner } = streamOf((_, done) => {
    fail = done;
  });
  transport.write(Buffer.from('lost'));
  transport.whenDrained(() => assert.fail('it never will'));
  fail(new Error('broken'));
  await owner.until('closed');
});

test('nothing is written to a socket that has ended its side by itself', async () => {
  const { socket, transport } = streamOf(() => {});
  socket.end();
  transport.write(Buffer.from('late'));
  await nextTurn();
  assert.deepEqual([socket.errored, transport.waitingBytes], [null, 0]);
});

test('an end that came before there was a transport is told when it reads', async () => {
  const socket = new Duplex({ read: () => {}, write: (_bytes, _, done) => done() });
  socket.push(null);
  await once(socket.resume(), 'end');
  const transport = new StreamTransport(socket.pause() as Socket, { sentBytes: 0 });
  const owner = new RecordingOwner();
  transport.owner = owner;
  await nextTurn();
  assert.deepEqual(owner.log, []);
  transport.resume();
  assert.deepEqual(owner.log, [], 'the owner may have bytes that came before it');
  await owner.until('ended');
});

test('an end that comes while it is paused is told once, when it goes on for good', async () => {
  const { socket, transport, owner } = streamOf(() => {});
  transport.resume();
  transport.pause();
  socket.push(null);
  socket.read(0); // as sockets of TLS do
  await once(socket, 'end');
  assert.deepEqual(owner.log, []);
  transport.resume();
  transport.pause();
  await nextTurn();
  assert.deepEqual(owner.log, [], 'its owner has not gone on');
  transport.resume();
  await owner.until('ended');
  transport.resume();
  await nextTurn();
  assert.deepEqual(owner.log, ['ended']);
});
