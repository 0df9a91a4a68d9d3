import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { congest, join, type OpenMailbox, openMailbox, openPair } from './open-mailbox.ts';

// A waiter does not keep the process alive.
const { port1: keepAlive } = new MessageChannel();
before(() => keepAlive.ref());
after(() => keepAlive.close());

describe('a mailbox', () => {
  test('delivers records in the order sent, with the number of their sender', () => {
    const [one, two] = openPair();
    one.mailbox.send([2], Buffer.from('a'));
    one.mailbox.send([2], Buffer.from(''));
    one.mailbox.sendAlways(2, Buffer.from('c'));
    assert.equal(two.mailbox.drain(), true);
    assert.deepEqual(two.received, ['1:a', '1:', '1:c']);
    assert.equal(two.mailbox.drain(), false);
  });

  test('sends one record to several peers and skips those it does not know', () => {
    const one = openMailbox();
    const two = openMailbox();
    const three = openMailbox();
    join(one, 1, two, 2);
    join(one, 1, three, 3);
    one.mailbox.send([3, 7, 2], Buffer.from('all'));
    one.mailbox.send([], Buffer.from('none'));
    one.mailbox.sendAlways(7, Buffer.from('nobody'));
    two.mailbox.drain();
    three.mailbox.drain();
    assert.deepEqual([two.received, three.received], [['1:all'], ['1:all']]);
  });

  test('puts a record that is larger than the ring together again', () => {
    const [one, two] = openPair();
    const large = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(32 + (i % 90))).join(
      '',
    );
    one.mailbox.send([2], Buffer.from('before'));
    one.mailbox.send([2], Buffer.from(large));
    one.mailbox.send([2], Buffer.from('after'));
    while (two.mailbox.drain()) one.mailbox.flush();
    assert.deepEqual(two.received, ['1:before', `1:${large}`, '1:after']);
  });

  test('refuses a record of more than 1 GiB', () => {
    const [one] = openPair();
    const huge = { byteLength: 2 ** 30 + 1 } as Uint8Array;
    assert.throws(() => one.mailbox.send([2], huge), /a record of 1073741825 B/);
    assert.throws(() => one.mailbox.sendAlways(2, huge), RangeError);
  });

  test('delivers in one drain what was committed when it began', () => {
    const one = openMailbox();
    const two: OpenMailbox = openMailbox({
      onRecord: () => one.mailbox.send([2], Buffer.from('another')),
    });
    join(one, 1, two, 2);
    one.mailbox.send([2], Buffer.from('first'));
    for (let round = 0; round < 3; round++) assert.equal(two.mailbox.drain(), true);
  });

  test('reports what a handler throws and delivers everything else', () => {
    const thrown = new Error('handler');
    const received: string[] = [];
    const two = openMailbox({
      onRecord: (record, start, end, from) => {
        received.push(`${from}:${record.toString('latin1', start, end)}`);
        if (received.length === 1) throw thrown;
      },
    });
    const one = openMailbox();
    const three = openMailbox();
    join(one, 1, two, 2);
    join(three, 3, two, 2);
    for (const text of ['a', 'b']) {
      one.mailbox.send([2], Buffer.from(text));
      three.mailbox.send([2], Buffer.from(text));
    }
    two.mailbox.drain();
    assert.deepEqual(received, ['1:a', '1:b', '3:a', '3:b']);
    assert.deepEqual(two.errors, [thrown]);
  });
});

describe('a mailbox that sleeps', () => {
  test('is woken by a record', async () => {
    const [one, two] = openPair();
    assert.equal(two.mailbox.sleep(), true);
    const woken = two.woken();
    one.mailbox.send([2], Buffer.from('wake up'));
    one.mailbox.wake();
    await woken;
    assert.equal(two.mailbox.drain(), true);
  });

  test('is woken once, and when it is told, for records of however many pieces', async (t) => {
    const notify = t.mock.method(Atomics, 'notify');
    const [one, two] = openPair();
    two.mailbox.sleep();
    const woken = two.woken();
    one.mailbox.send([2], Buffer.alloc(900));
    one.mailbox.send([2], Buffer.from('one more'));
    assert.equal(notify.mock.callCount(), 0);
    one.mailbox.wake();
    assert.equal(notify.mock.callCount(), 1);
    await woken;
    two.mailbox.awake();
    two.mailbox.drain();
    two.mailbox.sleep();
    one.mailbox.wake();
    assert.equal(notify.mock.callCount(), 1, 'there is nothing new');
  });

  test('is woken at once when its ring is full', async () => {
    const [one, two] = openPair();
    two.mailbox.sleep();
    const woken = two.woken();
    congest(one, 2);
    await woken;
  });

  test('is woken when there is room for what waits', async () => {
    const [one, two] = openPair();
    const sent = congest(one, 2);
    assert.equal(one.mailbox.sleep(), true);
    const woken = one.woken();
    two.mailbox.drain();
    await woken;
    one.mailbox.flush();
    two.mailbox.drain();
    assert.equal(two.received.length, sent.length);
  });

  test('is woken by a flush as by a send', async () => {
    const [one, two] = openPair();
    congest(one, 2);
    two.mailbox.drain();
    assert.equal(two.mailbox.sleep(), true);
    const woken = two.woken();
    one.mailbox.flush();
    await woken;
    assert.equal(two.mailbox.drain(), true);
  });

  test('does not fall asleep over an unread record', () => {
    const [one, two] = openPair();
    one.mailbox.send([2], Buffer.from('unread'));
    assert.equal(two.mailbox.sleep(), false);
  });

  test('does not fall asleep when there is room for what waits', () => {
    const [one, two] = openPair();
    congest(one, 2);
    two.mailbox.drain();
    assert.equal(one.mailbox.sleep(), false);
    one.mailbox.flush();
    assert.equal(one.mailbox.sleep(), true);
    one.mailbox.close();
  });

  test('is not woken once something else has done so', (t) => {
    const notify = t.mock.method(Atomics, 'notify');
    const [one, two] = openPair();
    two.mailbox.sleep();
    two.mailbox.awake();
    one.mailbox.send([2], Buffer.from('a'));
    assert.equal(notify.mock.callCount(), 0);
    two.mailbox.close();
  });
});

describe('a mailbox that is closed', () => {
  test('delivers nothing more, not even the rest of a drain', () => {
    const one = openMailbox();
    const received: string[] = [];
    const two: OpenMailbox = openMailbox({
      onRecord: (record, start, end) => {
        received.push(record.toString('latin1', start, end));
        two.mailbox.close();
      },
    });
    join(one, 1, two, 2);
    one.mailbox.send([2], Buffer.from('a'));
    one.mailbox.send([2], Buffer.from('b'));
    two.mailbox.drain();
    one.mailbox.send([2], Buffer.from('c'));
    assert.equal(two.mailbox.drain(), false);
    assert.deepEqual(received, ['a']);
  });

  test('leaves no waiter behind', () => {
    const { mailbox, doorbell } = openMailbox();
    mailbox.sleep();
    mailbox.close();
    assert.equal(Atomics.notify(new Int32Array(doorbell), 0), 0);
    assert.equal(mailbox.sleep(), true);
  });
});
