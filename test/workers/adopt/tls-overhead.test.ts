import { strict as assert } from 'node:assert';
import { EventEmitter } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { OverheadWatch } from '../../../src/workers/adopt/tls-overhead.ts';

const ALLOWANCE = 128 * 1024;

/** A connection behind its handshake, which is watched. */
function watchOne(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const raw = { bytesRead: 1_000_000 };
  const socket = Object.assign(new EventEmitter(), { bytesRead: 0, isCut: false, destroy });
  function destroy(): void {
    socket.isCut = true;
  }
  new OverheadWatch().add(socket as unknown as TLSSocket, raw);
  /** So many records with so much in each arrive in a second; 27 bytes are empty ones. */
  const second = (records: number, content: number, overhead = 22) => {
    raw.bytesRead += records * (content + overhead);
    socket.bytesRead += records * content;
    t.mock.timers.tick(1_000);
    return socket.isCut;
  };
  return { socket, second };
}

test('who sends nothing that is not of TLS is cut', (t) => {
  const { second } = watchOne(t);
  assert.equal(second(60_000, 0, 27), true);
});

test('a little of it is everybody’s right, each second', (t) => {
  const { second } = watchOne(t);
  for (let i = 0; i < 3; i++) assert.equal(second(1, 0, ALLOWANCE), false);
  assert.equal(second(1, 0, ALLOWANCE + 1), true);
});

test('the smallest messages may come by the hundred thousand, each in its record', (t) => {
  const { second } = watchOne(t);
  for (const content of [6, 7, 100, 16_384]) assert.equal(second(100_000, content), false);
});

test('a few messages do not hide what comes between them', (t) => {
  const { second } = watchOne(t);
  assert.equal(second(100, 100), false);
  assert.equal(second(60_000, 0.5, 27), true);
});

test('who is gone is not looked at', (t) => {
  const { socket, second } = watchOne(t);
  socket.emit('close');
  assert.equal(second(60_000, 0, 27), false);
});
