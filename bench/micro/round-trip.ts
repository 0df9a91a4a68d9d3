import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Doorbell } from '../../src/shared/ring/doorbell.ts';
import { Mailbox } from '../../src/shared/ring/mailbox.ts';
import { allocateRing } from '../../src/shared/ring/ring-layout.ts';
import { TickLoop } from '../../src/shared/ring/tick-loop.ts';
import { PAYLOAD } from './step.ts';

const RING_BYTES = 2 ** 16;
const WARM_UP = 2000;
const MEASURED = 10_000;

/** What the other thread needs to answer. */
export interface EchoLink {
  readonly inbound: SharedArrayBuffer;
  readonly outbound: SharedArrayBuffer;
  readonly own: SharedArrayBuffer;
  readonly other: SharedArrayBuffer;
}

/** Percentiles in ns. */
export interface RoundTrips {
  readonly p50: number;
  readonly p99: number;
}

/**
 * One record to another thread and back, both asleep in between, one at a time: what a doorbell
 * costs when it has to wake somebody, twice.
 */
export async function measureRoundTrips(): Promise<RoundTrips> {
  const [own, other] = [Doorbell.allocate(), Doorbell.allocate()];
  const [there, back] = [allocateRing(RING_BYTES), allocateRing(RING_BYTES)];
  const workerData: EchoLink = { inbound: there, outbound: back, own: other, other: own };
  const worker = new Worker(new URL('./echo-thread.ts', import.meta.url), { workerData });
  await once(worker, 'message');
  let answered = () => {};
  const mailbox = new Mailbox({
    doorbell: own,
    maxOutboxBytes: RING_BYTES,
    onRecord: () => answered(),
    onError: (error) => {
      throw error;
    },
    onWake: () => loop.schedule(),
  });
  const loop = new TickLoop(mailbox, () => {});
  mailbox.connect(2, { inbound: back, outbound: there, doorbell: other });
  loop.schedule();
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + MEASURED; i++) {
    const began = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    answered = resolve;
    mailbox.send([2], Buffer.from(PAYLOAD));
    await promise;
    if (i >= WARM_UP) times.push((performance.now() - began) * 1e6);
  }
  loop.stop();
  worker.postMessage('end');
  await once(worker, 'exit');
  times.sort((a, b) => a - b);
  return { p50: times[MEASURED / 2] ?? 0, p99: times[(MEASURED * 99) / 100] ?? 0 };
}
