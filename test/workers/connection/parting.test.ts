import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { close } from '../../conformance/client-frames.ts';
import { open } from './logged-connection.ts';

/** A connection in so many rooms, and the ends that wait for their turns. */
function memberOf(rooms: number) {
  const made = open();
  const waiting: (() => void)[] = [];
  const { shard } = made.connection.server;
  Object.assign(shard, { partings: { add: (end: () => void) => waiting.push(end) } });
  made.connection.rooms = new Set(Array.from({ length: rooms }, (_, i) => `room ${i}`));
  return { ...made, waiting };
}

const ENDS: readonly [what: string, end: (connection: ServerWebSocket) => void][] = [
  ['a close frame', (connection) => connection.read(close(1000))],
  ['the end of its side', (connection) => connection.socketEnded()],
  ['a reset', (connection) => connection.socketClosed()],
  ['silence', (connection) => connection.terminate()],
];

for (const [what, end] of ENDS) {
  test(`a client in few rooms leaves them at once: ${what}`, () => {
    const { connection, waiting, since } = memberOf(32);
    end(connection);
    assert.deepEqual(waiting, []);
    assert.match(String(since()[0]), /^conclude 100[06]/);
  });

  test(`a client in many rooms leaves them in its turn, and its further ends wait, too: ${what}`, () => {
    const { connection, waiting, since } = memberOf(33);
    end(connection);
    connection.socketClosed();
    assert.equal(waiting.length, 2);
    assert.deepEqual(since(), []);
    connection.rooms?.clear();
    for (const parting of waiting) parting();
    const happened = since();
    assert.match(String(happened[0]), /^conclude 100[06]/);
    assert.equal(happened.at(-1), 'forget');
    assert.equal(happened.filter((name) => name.startsWith('conclude')).length, 1);
  });
}
