import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DrainShare } from '../../../src/shared/ring/drain-share.ts';
import { allocateRing } from '../../../src/shared/ring/ring-layout.ts';
import { openMailbox, openPair } from './open-mailbox.ts';

/** A share whose clock moves on by so much at each look. */
function shareOf(records: number, ms: number, msPerLook = 0) {
  let now = 0;
  return new DrainShare(records, ms, () => {
    now += msPerLook;
    return now;
  });
}

function send(from: ReturnType<typeof openMailbox>, peer: number, records: number): void {
  for (let i = 0; i < records; i++) from.mailbox.send([peer], Buffer.from(`${i}`));
}

test('a share ends behind its records, and the rest is read in the next turns, in order', () => {
  const [one, two] = openPair();
  send(one, 2, 10);
  const share = shareOf(4, 1000);
  for (const read of [4, 8, 10]) {
    assert.equal(two.mailbox.drain(share), true);
    assert.equal(two.received.length, read);
  }
  assert.equal(two.mailbox.drain(share), false);
  assert.deepEqual(
    two.received,
    Array.from({ length: 10 }, (_, i) => `1:${i}`),
  );
});

test('a share ends with its time, which is looked at every eighth record', () => {
  const [one, two] = openPair();
  send(one, 2, 30);
  const share = shareOf(1000, 4, 3); // over at the second look behind the one that begins it
  two.mailbox.drain(share);
  assert.equal(two.received.length, 16);
});

test('rings share the time of a turn, and each gets a millisecond at least', () => {
  const share = shareOf(1000, 4, 0.5);
  const taken = (rings: number) => {
    share.begin(rings);
    for (let records = 1; ; records++) if (!share.take()) return records;
  };
  assert.equal(taken(1), 64);
  assert.equal(taken(2), 32);
  assert.equal(taken(100), 16);
});

test('a peer that has much to say leaves the others their share', () => {
  const reader = openMailbox();
  const [busy, quiet] = [openMailbox(), openMailbox()];
  joinTo(reader, busy, 1);
  joinTo(reader, quiet, 2);
  send(busy, 9, 20);
  send(quiet, 9, 1);
  reader.mailbox.drain(shareOf(5, 1000));
  assert.deepEqual(reader.received, ['1:0', '1:1', '1:2', '1:3', '1:4', '2:0']);
});

function joinTo(
  reader: ReturnType<typeof openMailbox>,
  peer: ReturnType<typeof openMailbox>,
  number: number,
): void {
  const [there, back] = [allocateRing(1024), allocateRing(1024)];
  reader.mailbox.connect(number, { inbound: there, outbound: back, doorbell: peer.doorbell });
  peer.mailbox.connect(9, { inbound: back, outbound: there, doorbell: reader.doorbell });
}

test('a drain without a share reads all', () => {
  const [one, two] = openPair();
  send(one, 2, 40);
  two.mailbox.drain();
  assert.equal(two.received.length, 40);
});

test('who awaits it is told once when the peer has read so far, and is woken for it', async () => {
  const read: number[] = [];
  const one = openMailbox({ onRead: (peer) => read.push(peer) });
  const two = openMailbox();
  joinTo(two, one, 1);
  const { mailbox } = one;
  send(one, 9, 3);
  const written = mailbox.writtenTo(9);
  assert.equal(mailbox.unreadBy(9), written);
  mailbox.awaitRead(9, written);
  const woken = one.woken();
  assert.equal(mailbox.sleep(), true);
  two.mailbox.drain(shareOf(2, 1000));
  await woken;
  mailbox.flush();
  assert.deepEqual(read, [], 'one record is left');
  const wokenAgain = one.woken();
  assert.equal(mailbox.sleep(), true);
  two.mailbox.drain();
  await wokenAgain;
  for (let i = 0; i < 2; i++) mailbox.flush();
  assert.deepEqual(read, [9]);
  assert.equal(mailbox.hasRead(9, written), true);
  assert.equal(mailbox.unreadBy(9), 0);
  for (const { mailbox } of [one, two]) mailbox.close();
});
