import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { congest, join, type OpenMailbox, openMailbox, openPair } from './open-mailbox.ts';

describe('a peer that goes', () => {
  test('has everything delivered that it had committed', () => {
    const [one, two] = openPair();
    one.mailbox.send([2], Buffer.from('last words'));
    two.mailbox.disconnect(1);
    assert.deepEqual(two.received, ['1:last words']);
    one.mailbox.send([2], Buffer.from('too late'));
    assert.equal(two.mailbox.drain(), false);
    two.mailbox.send([1], Buffer.from('nobody there'));
    assert.equal(one.mailbox.drain(), false);
  });

  test('takes along half a record and what waited for it', () => {
    const [one, two] = openPair();
    congest(two, 1);
    one.mailbox.send([2], Buffer.alloc(5000));
    two.mailbox.disconnect(1);
    assert.deepEqual(two.received, []);
    assert.equal(two.mailbox.isCongested(1), false);
    assert.deepEqual(two.drained, [1]);
    two.mailbox.disconnect(1);
    assert.deepEqual(two.drained, [1]);
  });

  test('is followed by another with the same number, with rings of its own', () => {
    const [one, two] = openPair();
    one.mailbox.send([2], Buffer.from('old'));
    one.mailbox.send([2], Buffer.alloc(5000));
    const next = openMailbox();
    join(next, 1, two, 2);
    assert.deepEqual(two.received, ['1:old']);
    next.mailbox.send([2], Buffer.from('new'));
    two.mailbox.send([1], Buffer.from('hello'));
    two.mailbox.drain();
    next.mailbox.drain();
    assert.deepEqual(two.received, ['1:old', '1:new']);
    assert.deepEqual(next.received, ['2:hello']);
    assert.equal(one.mailbox.drain(), false);
  });

  test('cannot be disconnected by the handler of its own record', () => {
    const one = openMailbox();
    const two: OpenMailbox = openMailbox({ onRecord: () => two.mailbox.disconnect(1) });
    join(one, 1, two, 2);
    one.mailbox.send([2], Buffer.from('a'));
    two.mailbox.drain();
    assert.match(String(two.errors[0]), /by a handler of its own records/);
  });
});
