import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Doorbell } from '../../../src/shared/ring/doorbell.ts';

const idle = () => false;

// A waiter does not keep the process alive.
const { port1: keepAlive } = new MessageChannel();
before(() => keepAlive.ref());
after(() => keepAlive.close());

/** A doorbell as its owner has it and as a sender has it, and how often the owner was woken. */
function openDoorbell() {
  const memory = Doorbell.allocate();
  const owner = new Doorbell(memory);
  let wakes = 0;
  let onWake = () => {};
  const wake = () => {
    wakes += 1;
    onWake();
  };
  const woken = () =>
    new Promise<void>((resolve) => {
      onWake = resolve;
    });
  const sleep = (hasWork = idle) => owner.sleep(hasWork, wake);
  return { memory, owner, sender: new Doorbell(memory), sleep, woken, wakes: () => wakes };
}

/** Resolves when all notifications of earlier calls have been dealt with. */
async function notificationsHandled(): Promise<void> {
  const { sleep, sender, woken } = openDoorbell();
  sleep();
  const done = woken();
  sender.wake();
  await done;
}

describe('a doorbell', () => {
  test('wakes an owner who sleeps', async () => {
    const { sleep, sender, woken, wakes } = openDoorbell();
    assert.equal(sleep(), true);
    const done = woken();
    sender.wake();
    await done;
    assert.equal(wakes(), 1);
  });

  test('notifies nobody while its owner is awake', (t) => {
    const notify = t.mock.method(Atomics, 'notify');
    const { owner, sender, sleep } = openDoorbell();
    sender.wake();
    sleep();
    owner.awake();
    sender.wake();
    assert.equal(notify.mock.callCount(), 0);
    owner.close();
  });

  test('notifies once, however many wake it', async (t) => {
    const notify = t.mock.method(Atomics, 'notify');
    const { memory, sleep, sender, woken } = openDoorbell();
    sleep();
    const done = woken();
    sender.wake();
    sender.wake();
    new Doorbell(memory).wake();
    assert.equal(notify.mock.callCount(), 1);
    await done;
  });

  test('lets nobody sleep who has work, and wakes nobody after that', (t) => {
    const notify = t.mock.method(Atomics, 'notify');
    const { sleep, sender } = openDoorbell();
    assert.equal(
      sleep(() => true),
      false,
    );
    sender.wake();
    assert.equal(notify.mock.callCount(), 0);
  });

  test('lets nobody sleep whom somebody wakes during the look for work', () => {
    const { sleep, sender } = openDoorbell();
    const isAsleep = sleep(() => {
      sender.wake();
      return false;
    });
    assert.equal(isAsleep, false);
  });

  test('wakes again and again', async () => {
    const { sleep, sender, woken, wakes } = openDoorbell();
    for (let round = 1; round <= 20; round++) {
      assert.equal(sleep(), true);
      const done = woken();
      sender.wake();
      await done;
      assert.equal(wakes(), round);
    }
  });

  test('has one waiter, however often something else ends the sleep', async (t) => {
    const waitAsync = t.mock.method(Atomics, 'waitAsync');
    const { owner, sleep, sender, woken } = openDoorbell();
    for (let round = 0; round < 100; round++) {
      assert.equal(sleep(), true);
      owner.awake();
    }
    assert.equal(sleep(), true);
    assert.equal(waitAsync.mock.callCount(), 1);
    const done = woken();
    sender.wake();
    await done;
  });

  test('wakes a second sleep whose wake found the first notification under way', async () => {
    const { owner, sleep, sender, woken, wakes } = openDoorbell();
    sleep();
    sender.wake();
    owner.awake();
    assert.equal(sleep(), true);
    const done = woken();
    sender.wake();
    await done;
    assert.equal(wakes(), 1);

    assert.equal(sleep(), true);
    const again = woken();
    sender.wake();
    await again;
    assert.equal(wakes(), 2);
  });

  test('calls what the last sleep gave it', async () => {
    const { owner, sender } = openDoorbell();
    const called: string[] = [];
    owner.sleep(idle, () => called.push('first'));
    owner.awake();
    const done = new Promise<void>((resolve) => {
      owner.sleep(idle, () => {
        called.push('second');
        resolve();
      });
    });
    sender.wake();
    await done;
    assert.deepEqual(called, ['second']);
  });

  test('leaves no waiter and wakes nobody once it is closed', async () => {
    const { memory, owner, sender, sleep, wakes } = openDoorbell();
    sleep();
    owner.close();
    assert.equal(sleep(), true);
    assert.equal(Atomics.notify(new Int32Array(memory), 0), 0);
    sender.wake();
    await notificationsHandled();
    assert.equal(wakes(), 0);
  });
});
