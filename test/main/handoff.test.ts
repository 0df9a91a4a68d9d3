import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { takeBuffered } from '../../src/main/handoff.ts';

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
