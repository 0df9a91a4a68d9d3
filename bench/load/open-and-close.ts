import { setTimeout as delay } from 'node:timers/promises';
import type { OpenAndClose } from '../scenarios/scenario.ts';
import { Crowd } from './crowd.ts';
import type { Job, Measurement } from './job.ts';
import { readUsage } from './server-process.ts';
import { Window } from './window.ts';

type Part = ReturnType<Window['end']>;

/** Opens connections and closes them, round after round, behind rounds that warm the server up. */
export async function runOpenAndClose(load: OpenAndClose, job: Job): Promise<Measurement> {
  const crowd = new Crowd(job, () => {});
  const opens: Part[] = [];
  const closes: Part[] = [];
  const warmUntil = performance.now() + job.timing.warmUp;
  while (opens.length < load.rounds) {
    const isWarm = performance.now() >= warmUntil;
    const opening = new Window(job.pid);
    await crowd.open(load.connections);
    const opened = opening.end(load.connections);
    const closing = new Window(job.pid);
    await crowd.close();
    await quiet(job.pid);
    const closed = closing.end(load.connections);
    if (!isWarm) continue;
    opens.push(opened);
    closes.push(closed);
  }
  return { ...together(opens), cpuPerClose: together(closes).cpu };
}

/** The rounds as one: CPU is only known to 10 ms, which is much for one of them. */
function together(rounds: readonly Part[]): Part {
  const [last] = rounds.slice(-1);
  if (last === undefined) throw new Error('no round was measured');
  const mean = (read: (round: Part) => number) =>
    rounds.reduce((sum, round) => sum + read(round), 0) / rounds.length;
  return {
    ...last,
    count: last.count * rounds.length,
    perSecond: mean(({ perSecond }) => perSecond),
    cpu: mean(({ cpu }) => cpu),
    primaryShare: mean(({ primaryShare }) => primaryShare),
    driver: mean(({ driver }) => driver),
  };
}

/** Resolves when a server has done what was left to do: it uses less than a tick in 50 ms. */
async function quiet(pid: number): Promise<void> {
  for (let before = -1, cpu = 0; cpu !== before; ) {
    before = readUsage(pid).cpu;
    await delay(50);
    cpu = readUsage(pid).cpu;
  }
}
