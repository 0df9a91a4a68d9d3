import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { PrimaryBacklog } from '../../../src/workers/connection/primary-backlog.ts';
import type { ShardSocket } from '../../../src/workers/connection/socket-context.ts';

const RECORD_BYTES = 40;

/** A primary that reads when it is told to, and sockets that count their messages. */
function open() {
  let [written, read] = [0, 0];
  let isCongested = false;
  const awaited: number[] = [];
  const backlog = new PrimaryBacklog({
    isCongested: () => isCongested,
    unreadBy: () => written - read,
    writtenTo: () => written,
    hasRead: (_peer, bytes) => read >= bytes,
    awaitRead: (_peer, bytes) => awaited.push(bytes),
  });
  const socket = () => {
    const made = { sentIn: 0, sentInRound: 0, isHeld: false, held: 0, hold, release };
    function hold() {
      made.isHeld = true;
      made.held += 1;
    }
    function release() {
      made.isHeld = false;
    }
    return made as unknown as ShardSocket & { isHeld: boolean; held: number };
  };
  /** Sends until it is held, or so many; returns how many. */
  const send = (of: ReturnType<typeof socket>, most: number, bytes = 0): number => {
    for (let sent = 0; sent < most; sent++) {
      if (of.isHeld) return sent;
      written += RECORD_BYTES + bytes;
      backlog.sent(of, bytes);
    }
    return most;
  };
  const readSome = (records: number) => {
    read += records * RECORD_BYTES;
  };
  const readAll = () => {
    read = written;
  };
  const congest = (is: boolean) => {
    isCongested = is;
  };
  return { backlog, socket, send, read: readSome, readAll, congest, awaited };
}

test('a socket is not held while the primary keeps up', () => {
  const { socket, send, readAll } = open();
  const one = socket();
  for (let i = 0; i < 100; i++) {
    assert.equal(send(one, 300), 300);
    readAll();
  }
});

test('while the primary is behind, who has sent 64 in a round is held, and nobody else', () => {
  const { backlog, socket, send, readAll, awaited } = open();
  const [busy, quiet] = [socket(), socket()];
  send(busy, 1000);
  assert.equal(busy.isHeld, true);
  assert.equal(send(quiet, 64), 64);
  assert.equal(awaited.length, 1);
  backlog.recheck();
  assert.equal(busy.isHeld, true, 'the primary has read nothing yet');
  readAll();
  backlog.recheck();
  assert.equal(busy.isHeld, false);
});

test('many who are held in a round have smaller shares of the next', () => {
  const { backlog, socket, send, read } = open();
  const sockets = Array.from({ length: 40 }, socket);
  for (const one of sockets) send(one, 1000);
  read(40 * 60);
  backlog.recheck();
  const sums = sockets.map((one) => send(one, 1000));
  assert.deepEqual(sums, Array(40).fill(17)); // 640 of 40, and the one too many
});

test('a large message counts for more', () => {
  const { socket, send } = open();
  const one = socket();
  send(one, 1); // the first round begins
  assert.ok(send(one, 1000, 2 ** 16) < 12);
});

test('a full ring holds whoever sends, until it is neither full nor behind', () => {
  const { backlog, socket, send, readAll, congest } = open();
  const one = socket();
  congest(true);
  assert.equal(send(one, 10), 1);
  readAll();
  backlog.recheck();
  assert.equal(one.isHeld, true);
  congest(false);
  backlog.recheck();
  assert.equal(one.isHeld, false);
});

test('a socket that ends is released at once, and only once', () => {
  const { backlog, socket, send, readAll, congest } = open();
  const one = socket();
  congest(true);
  send(one, 1);
  backlog.ended(one);
  assert.equal(one.isHeld, false);
  congest(false);
  one.hold();
  readAll();
  backlog.recheck();
  assert.equal(one.isHeld, true, 'nobody releases it');
});
