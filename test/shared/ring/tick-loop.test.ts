import { strict as assert } from 'node:assert';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { Doorbell } from '../../../src/shared/ring/doorbell.ts';
import { Mailbox } from '../../../src/shared/ring/mailbox.ts';
import { allocateRing } from '../../../src/shared/ring/ring-layout.ts';
import { RingWriter } from '../../../src/shared/ring/ring-writer.ts';
import { TickLoop } from '../../../src/shared/ring/tick-loop.ts';

class Recorder extends Mailbox {
  readonly steps: string[] = [];
  override drain(): boolean {
    this.steps.push('drain');
    return super.drain();
  }
  override wake(): void {
    this.steps.push('wake');
    super.wake();
  }
  override flush(): void {
    this.steps.push('flush');
    super.flush();
  }
  override sleep(): boolean {
    this.steps.push('sleep');
    return super.sleep();
  }
}

test('a turn drains, rings, delivers, flushes, and rests before it may sleep', async () => {
  const mailbox = new Recorder({
    doorbell: Doorbell.allocate(),
    maxOutboxBytes: 0,
    onRecord: () => {},
    onError: assert.ifError,
    onWake: () => {},
  });
  const { steps } = mailbox;
  const { promise, resolve } = Promise.withResolvers<void>();
  const rest = () => {
    steps.push('rest');
    setImmediate(resolve);
    return false;
  };
  const ticks = new TickLoop(mailbox, () => steps.push('deliver'), rest);
  ticks.schedule();
  ticks.schedule();
  await promise;
  assert.deepEqual(steps, ['drain', 'wake', 'deliver', 'flush', 'rest', 'sleep']);
  ticks.stop();
  mailbox.close();
});

test('turns run in the context in which the loop was made, whoever asks for them', async () => {
  const user = new AsyncLocalStorage<string>();
  const contexts: (string | undefined)[] = [];
  const doorbell = Doorbell.allocate();
  const [toLoop, toPeer] = [allocateRing(1024), allocateRing(1024)];
  const turned = () => {
    contexts.push(user.getStore());
    waiting?.();
  };
  let waiting: (() => void) | undefined;
  const { mailbox, ticks } = user.run('OWNER', () => {
    const mailbox: Mailbox = new Mailbox({
      doorbell,
      maxOutboxBytes: 0,
      onRecord: turned,
      onError: assert.ifError,
      onWake: () => ticks.schedule(),
    });
    const ticks: TickLoop = new TickLoop(
      mailbox,
      () => {},
      () => {
        turned();
        return false;
      },
    );
    return { mailbox, ticks };
  });
  const link = { inbound: toLoop, outbound: toPeer, doorbell: Doorbell.allocate() };
  mailbox.connect(1, link);
  const turn = () => new Promise<void>((resolve) => (waiting = resolve));
  user.run('ALICE', () => ticks.schedule());
  await turn();
  // The loop sleeps now. A peer wakes it.
  new RingWriter(toLoop).tryWrite(Buffer.from('record'), 0, 6, 0);
  user.run('BOB', () => new Doorbell(doorbell).wake());
  await turn();
  ticks.stop();
  mailbox.close();
  assert.deepEqual(new Set(contexts), new Set(['OWNER']));
});

test('a turn reads a share of what a peer has sent, and the next ones read the rest', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const turns: number[] = [];
  let records = 0;
  const mailbox = new Mailbox({
    doorbell: Doorbell.allocate(),
    maxOutboxBytes: 0,
    onRecord: () => {
      records += 1;
    },
    onError: assert.ifError,
    onWake: () => {},
  });
  const ticks = new TickLoop(mailbox, () => {
    if (turns.push(records) > 1 && records === 3000) resolve();
  });
  const [toLoop, toPeer] = [allocateRing(2 ** 18), allocateRing(1024)];
  mailbox.connect(1, { inbound: toLoop, outbound: toPeer, doorbell: Doorbell.allocate() });
  const writer = new RingWriter(toLoop);
  for (let i = 0; i < 3000; i++) writer.tryWrite(Buffer.from('record'), 0, 6, 0);
  ticks.schedule();
  await promise;
  for (const [at, count] of turns.entries()) assert.ok(count - (turns[at - 1] ?? 0) <= 1024);
  ticks.stop();
  mailbox.close();
});
