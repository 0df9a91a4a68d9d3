import { setTimeout as delay } from 'node:timers/promises';
import type { Idle } from '../scenarios/scenario.ts';
import { Crowd } from './crowd.ts';
import type { Job, Measurement } from './job.ts';
import { readUsage } from './server-process.ts';
import { Window } from './window.ts';

/** Opens connections that do nothing, and reads what they cost when they have settled. */
export async function runIdle({ connections }: Idle, job: Job): Promise<Measurement> {
  const before = readUsage(job.pid).rss;
  const crowd = new Crowd(job, () => {});
  const opening = new Window(job.pid);
  await crowd.open(connections);
  const opened = opening.end(connections);
  await delay(job.timing.settle);
  const { rss } = readUsage(job.pid);
  return { ...opened, rss: rss / 1024, kbPerConnection: (rss - before) / connections };
}
