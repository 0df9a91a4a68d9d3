import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EngineError } from '../../../src/shared/api/errors.ts';
import { congest, join, openMailbox, openPair } from './open-mailbox.ts';

describe('an outbox', () => {
  test('keeps in order what does not fit into the ring, and says when it is empty', () => {
    const [one, two] = openPair();
    const sent = congest(one, 2);
    one.mailbox.send([2], Buffer.from('behind'));
    assert.equal(one.mailbox.isCongested(2), true);
    one.mailbox.flush();
    assert.deepEqual(one.drained, []);

    two.mailbox.drain();
    one.mailbox.flush();
    assert.deepEqual(one.drained, [2]);
    assert.equal(one.mailbox.isCongested(2), false);
    two.mailbox.drain();
    one.mailbox.flush();
    assert.deepEqual(one.drained, [2]);
    assert.deepEqual(
      two.received,
      [...sent, 'behind'].map((text) => `1:${text}`),
    );
  });

  test('lets nothing overtake, even when the ring has room again', () => {
    const [one, two] = openPair();
    const sent = congest(one, 2);
    two.mailbox.drain();
    one.mailbox.send([2], Buffer.from('late'));
    two.mailbox.drain();
    one.mailbox.flush();
    two.mailbox.drain();
    assert.deepEqual(
      two.received,
      [...sent, 'late'].map((text) => `1:${text}`),
    );
  });

  test('holds up nobody but the peer whose ring is full', () => {
    const one = openMailbox();
    const two = openMailbox();
    const three = openMailbox();
    join(one, 1, two, 2);
    join(one, 1, three, 3);
    congest(one, 2);
    one.mailbox.send([2, 3], Buffer.from('both'));
    assert.equal(one.mailbox.isCongested(3), false);
    assert.equal(one.mailbox.isCongested(99), false);
    three.mailbox.drain();
    assert.deepEqual(three.received, ['1:both']);
  });

  test('refuses what would pass its bound, and then nobody gets it', () => {
    const one = openMailbox({ maxOutboxBytes: 1000 });
    const two = openMailbox();
    const three = openMailbox();
    join(one, 1, two, 2);
    join(one, 1, three, 3);
    congest(one, 2);
    // 184 B wait, each record with 64 B for keeping it.
    assert.throws(() => one.mailbox.send([2], Buffer.alloc(1000 - 184 - 63)), EngineError);
    one.mailbox.send([2], Buffer.alloc(1000 - 184 - 64));
    assert.throws(
      () => one.mailbox.send([3, 2], Buffer.alloc(10)),
      (error: EngineError) => {
        assert.ok(error instanceof EngineError);
        assert.equal(error.code, 'ERR_OUTBOX_FULL');
        assert.match(error.message, /1000 B wait for peer 2, a record of 10 B/);
        assert.match(error.message, /maxOutboxBytes, 1000 B/);
        return true;
      },
    );
    assert.equal(three.mailbox.drain(), false);
    one.mailbox.send([3], Buffer.from('to others'));
    three.mailbox.drain();
    assert.deepEqual(three.received, ['1:to others']);
  });

  test('counts only what waits now, however much has waited before', () => {
    const [one, two] = openPair({ maxOutboxBytes: 500 });
    for (let round = 0; round < 10; round++) {
      congest(one, 2);
      one.mailbox.send([2], Buffer.alloc(500 - 184 - 64));
      while (two.mailbox.drain()) one.mailbox.flush();
    }
    assert.equal(one.mailbox.isCongested(2), false);
  });

  test('takes records again when it has been flushed', () => {
    const [one, two] = openPair({ maxOutboxBytes: 500 });
    const sent = congest(one, 2);
    const send = (text: string) => one.mailbox.send([2], Buffer.from(text));
    assert.throws(() => send('x'.repeat(400)), EngineError);
    two.mailbox.drain();
    one.mailbox.flush();
    send('x'.repeat(400));
    two.mailbox.drain();
    assert.deepEqual(
      two.received,
      [...sent, 'x'.repeat(400)].map((text) => `1:${text}`),
    );
  });

  test('takes life-cycle records beyond its bound', () => {
    const [one, two] = openPair({ maxOutboxBytes: 200 });
    const sent = congest(one, 2);
    one.mailbox.sendAlways(2, Buffer.alloc(1000, 'x'));
    assert.throws(() => one.mailbox.send([2], Buffer.from('')), EngineError);
    while (two.mailbox.drain()) one.mailbox.flush();
    assert.deepEqual(
      two.received,
      [...sent, 'x'.repeat(1000)].map((text) => `1:${text}`),
    );
  });

  test('takes a record larger than its bound if nothing is before it', () => {
    const [one, two] = openPair({ maxOutboxBytes: 100 });
    one.mailbox.send([2], Buffer.alloc(50_000, 'x'));
    assert.throws(() => one.mailbox.send([2], Buffer.from('')), EngineError);
    while (two.mailbox.drain()) one.mailbox.flush();
    assert.deepEqual(two.received, [`1:${'x'.repeat(50_000)}`]);
  });
});
