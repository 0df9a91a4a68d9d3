import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Doorbell } from '../../../src/shared/ring/doorbell.ts';
import { allocateRing } from '../../../src/shared/ring/ring-layout.ts';
import { SCENARIOS, type SharedParts } from './interleavings/scenarios.ts';
import type { ThreadData, ThreadReport } from './interleavings/thread.ts';
import { type ThreadIndex, Turns } from './interleavings/turns.ts';

const THREAD = new URL('./interleavings/thread.ts', import.meta.url);

for (const [scenario, { title }] of SCENARIOS.entries()) {
  // Tens of thousands of schedules take 10 s of two cores, and more where others need them too.
  const options = { timeout: 150_000 };
  test(
    `${title}: in every order, nothing is lost and nobody sleeps through work`,
    options,
    async (t) => {
      const turns = Turns.allocate();
      const parts: SharedParts = {
        rings: [allocateRing(1024), allocateRing(1024)],
        doorbells: [Doorbell.allocate(), Doorbell.allocate()],
      };
      const start = (me: ThreadIndex): Worker => {
        const workerData: ThreadData = { me, scenario, turns, parts };
        return new Worker(THREAD, { workerData });
      };
      const threads = [start(0), start(1)] as const;
      t.after(() => Promise.all(threads.map((thread) => thread.terminate())));

      const failed = once(threads[1], 'error').then(([error]) => Promise.reject(error));
      const [report]: ThreadReport[] = await Promise.race([once(threads[0], 'message'), failed]);
      assert.equal(report?.failure, undefined);
      t.diagnostic(`${report?.schedules} schedules`);
    },
  );
}
