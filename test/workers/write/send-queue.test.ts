import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { SendQueue } from '../../../src/workers/write/send-queue.ts';

/** A queue behind a write of 1 byte. */
function queueOf(...sizes: number[]): SendQueue {
  const queue = new SendQueue(1);
  for (const size of sizes) queue.push(Buffer.alloc(size));
  return queue;
}

test('small ones are put together until their turn comes, and no longer', () => {
  const queue = queueOf(20_000, 100);
  assert.equal(queue.next()?.length, 20_000);
  queue.push(Buffer.alloc(100));
  assert.equal(queue.next()?.length, 200, 'one that has come while others went');
  queue.push(Buffer.alloc(1));
  assert.equal(queue.next()?.length, 1, 'one that has come behind');
  assert.deepEqual([queue.next(), queue.bytes], [undefined, 0]);
});

test('what is put together keeps at most twice its memory', () => {
  for (const bytes of [1, 8191, 8192, 16_383]) {
    const next = queueOf(bytes).next();
    assert.ok((next?.buffer.byteLength as number) <= 2 * bytes, `${bytes} B`);
  }
});

test('bytes that were put together may change behind the push', () => {
  const queue = queueOf();
  const bytes = Buffer.from('before');
  queue.push(bytes);
  bytes.write('behind');
  assert.equal(queue.next()?.toString(), 'before');
});

test('who waits is due once, when all that was there before has gone', () => {
  const queue = queueOf();
  const due: string[] = [];
  const waitFor = (name: string) => queue.whenGone(() => due.push(name));
  const turn = () => {
    queue.next();
    for (const done of queue.takeDue()) done();
    return due.splice(0);
  };
  waitFor('first');
  queue.push(Buffer.alloc(20_000));
  waitFor('second');
  waitFor('third');
  queue.push(Buffer.alloc(20_000));
  waitFor('last');
  assert.deepEqual([turn(), turn(), turn()], [['first'], ['second', 'third'], ['last']]);
  assert.deepEqual(turn(), []);
});
