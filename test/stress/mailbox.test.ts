import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Doorbell } from '../../src/shared/ring/doorbell.ts';
import { allocateRing } from '../../src/shared/ring/ring-layout.ts';
import type { StressData, StressReport } from './mailbox-thread.ts';

const THREAD = new URL('./mailbox-thread.ts', import.meta.url);
const THREADS = 4;
const DELIVERIES = 1_000_000;
// Half of the records go to one thread, half to all others.
const RECORDS = Math.ceil(DELIVERIES / (THREADS * (0.5 + 0.5 * (THREADS - 1)))) + 1000;
// Small, so that outboxes fill.
const RING_BYTES = 16 * 1024;

test('four threads that sleep send each other a million records, in order and whole', async (t) => {
  const all = Array.from({ length: THREADS }, (_, i) => i);
  const rings = all.map(() => all.map(() => allocateRing(RING_BYTES)));
  const doorbells = all.map(() => Doorbell.allocate());
  const start = performance.now();
  const workers = all.map((me) => {
    const workerData: StressData = { me, records: RECORDS, rings, doorbells };
    return new Worker(THREAD, { workerData });
  });
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())));

  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  const seconds = (performance.now() - start) / 1000;
  const reports = messages.map(([report]) => report as StressReport);
  const sum = (key: keyof StressReport) =>
    reports.reduce((total, report) => total + report[key], 0);
  t.diagnostic(`${(sum('received') / seconds / 1e6).toFixed(2)} million records a second`);
  t.diagnostic(`${sum('sleeps')} sleeps, ${sum('wakes')} wakes, ${sum('refusals')} refusals`);
  assert.ok(sum('received') >= DELIVERIES);
  assert.ok(sum('refusals') > 0);
  for (const { sleeps, wakes } of reports) assert.ok(sleeps > 0 && wakes > 0);

  const exits = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage('stop');
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0);
});
