// The load, in a process of its own: takes one job by IPC, answers with what it measured, and ends.
import { ClosedLoopRun } from './closed-loop.ts';
import { runIdle } from './idle.ts';
import type { Job, Measurement } from './job.ts';
import { runOpenAndClose } from './open-and-close.ts';

function run(job: Job): Promise<Measurement> {
  switch (job.load.kind) {
    case 'closed-loop':
      return new ClosedLoopRun(job.load, job).run();
    case 'open':
      return runOpenAndClose(job.load, job);
    case 'idle':
      return runIdle(job.load, job);
  }
}

process.once('disconnect', () => process.exit());
process.once('message', async (job: Job) => {
  const measurement = await run(job);
  process.send?.(measurement, undefined, undefined, () => process.exit());
});
