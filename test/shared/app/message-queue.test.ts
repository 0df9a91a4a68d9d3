import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { MessageQueue, type QueueOwner } from '../../../src/shared/app/message-queue.ts';

/** A connection whose handlers are at work until the test ends them. */
class FakeOwner implements QueueOwner<string> {
  readonly log: string[] = [];
  readonly gates = new Map<string, PromiseWithResolvers<void>>();
  awaitsAnswers = false;

  /** A message that begins with a capital letter is handled at once. */
  handle(message: string): Promise<void> | undefined {
    this.log.push(message);
    if (/^[A-Z]/.test(message)) return undefined;
    const gate = Promise.withResolvers<void>();
    this.gates.set(message, gate);
    return gate.promise;
  }

  hold(isHeld: boolean): void {
    this.log.push(isHeld ? 'hold' : 'release');
  }

  /** Ends the handlers of a message; every second time by a rejection. */
  async finish(message: string): Promise<void> {
    const gate = this.gates.get(message);
    assert.ok(gate, `${message} is at work`);
    this.gates.delete(message);
    if (message.length % 2 === 0) gate.reject(new Error(message));
    else gate.resolve();
    await nextTurn();
  }
}

function queueOf(limit: number) {
  const owner = new FakeOwner();
  const queue = new MessageQueue(owner, limit);
  /** Receives a message, as a connection does. */
  const receive = (message: string, size = message.length) => {
    if (queue.isFull) {
      queue.add(message, size);
      return;
    }
    const pending = owner.handle(message);
    if (pending !== undefined) queue.started(pending);
  };
  return { owner, queue, receive };
}

test('messages are handled in order, so many at a time, and one that is done makes room', async () => {
  const { owner, queue, receive } = queueOf(2);
  for (const message of ['a', 'b', 'c', 'D', 'e', 'f']) receive(message);
  assert.deepEqual(owner.log, ['a', 'b']);
  assert.equal(queue.waiting, 4);
  await owner.finish('b');
  assert.deepEqual(owner.log, ['a', 'b', 'c']);
  await owner.finish('a');
  assert.deepEqual(owner.log, ['a', 'b', 'c', 'D', 'e']);
  assert.equal(queue.isFull, true);
  await owner.finish('c');
  await owner.finish('e');
  await owner.finish('f');
  assert.equal(queue.isIdle, true);
});

test('whatever is at work and for how long, the order is kept and the limit holds', async () => {
  const steps = fc.array(fc.nat(9), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (limit, choices) => {
      const { owner, receive } = queueOf(limit);
      let sent = 0;
      for (const choice of choices) {
        if (choice < 6) receive(`${choice === 0 ? 'S' : 'a'}${sent++}`);
        else
          await owner
            .finish([...owner.gates.keys()][choice % owner.gates.size] ?? 'none')
            .catch(() => {});
        assert.ok(owner.gates.size <= limit);
      }
      while (owner.gates.size > 0) await owner.finish([...owner.gates.keys()][0] as string);
      const numbers = owner.log.map((message) => Number(message.slice(1)));
      assert.deepEqual(
        numbers,
        Array.from({ length: sent }, (_, i) => i),
      );
    }),
    { numRuns: 60, seed: 15 },
  );
});

test('the client is not read while 64 KiB wait, or 1 MiB ahead of an answer', async () => {
  const { owner, queue, receive } = queueOf(1);
  receive('a');
  receive('B', 60_000);
  assert.deepEqual(owner.log, ['a']);
  receive('C', 6_000);
  assert.deepEqual(owner.log, ['a', 'hold']);
  owner.awaitsAnswers = true;
  queue.recheck();
  assert.deepEqual(owner.log.slice(2), ['release']);
  receive('D', 2 ** 20);
  assert.deepEqual(owner.log.slice(3), ['hold']);
  await owner.finish('a');
  assert.deepEqual(owner.log.slice(4), ['B', 'C', 'D', 'release']);
});

test('small messages count, too: each has its price', () => {
  const { owner, receive } = queueOf(1);
  receive('a');
  for (let i = 0; i < 1000; i++) receive('b', 0);
  assert.deepEqual(owner.log, ['a']);
  for (let i = 0; i < 100; i++) receive('b', 0);
  assert.deepEqual(owner.log, ['a', 'hold']);
});

test('messages of a connection that is closed reach no handler, and it is read on', async () => {
  const { owner, queue, receive } = queueOf(1);
  receive('a');
  receive('b', 2 ** 20);
  queue.clear();
  await owner.finish('a');
  assert.deepEqual(owner.log, ['a', 'hold', 'release']);
});

test('the end comes behind all that waits, and is told once', async () => {
  const { owner, queue, receive } = queueOf(1);
  receive('a');
  receive('b', 2 ** 20);
  const hurry = queue.end(2 ** 30, (dropped) => owner.log.push(`end ${dropped}`));
  assert.deepEqual(owner.log, ['a', 'hold', 'release'], 'the answer to a close has to be read');
  await owner.finish('a');
  await owner.finish('b');
  hurry();
  assert.deepEqual(owner.log.slice(3), ['b', 'end 0']);
});

test('the end waits for its time at most, and drops the rest', async () => {
  const { owner, queue, receive } = queueOf(1);
  for (const message of ['a', 'b', 'c']) receive(message);
  assert.equal(await new Promise((resolve) => queue.end(1, resolve)), 2);
  await owner.finish('a');
  assert.deepEqual(owner.log, ['a']);
});
