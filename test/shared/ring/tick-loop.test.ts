import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Doorbell } from '../../../src/shared/ring/doorbell.ts';
import { Mailbox } from '../../../src/shared/ring/mailbox.ts';
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
