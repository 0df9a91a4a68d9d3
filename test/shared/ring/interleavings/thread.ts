import { parentPort, workerData } from 'node:worker_threads';
import type { Participant, Scenario, SharedParts } from './scenarios.ts';
import { steppedAtomics } from './stepped-atomics.ts';
import { type ThreadIndex, Turns } from './turns.ts';

/** What the test gives each of the two threads. */
export interface ThreadData {
  me: ThreadIndex;
  scenario: number;
  turns: SharedArrayBuffer;
  parts: SharedParts;
}

/** What thread 0 reports: how many schedules it has run, and the first that went wrong. */
export interface ThreadReport {
  schedules: number;
  failure?: string;
}

const { me, scenario: index, turns: memory, parts } = workerData as ThreadData;
const turns = new Turns(me, memory);
let participant: Participant;
globalThis.Atomics = steppedAtomics(turns, parts.rings[0], (run) => {
  participant.onNotified = run;
});
// Only now, so that the code under test finds the stepped Atomics.
const scenarios = await import('./scenarios.ts');
const scenario = scenarios.SCENARIOS[index] as Scenario;

function settle(): string | undefined {
  try {
    participant.settle();
    if (me === 0) participant.checkReceived(scenario.sizes);
    return undefined;
  } catch (error) {
    return `thread ${me}: ${(error as Error).message}`;
  }
}

function runSchedules(): ThreadReport {
  for (let schedules = 1; ; schedules++) {
    for (const shared of [...parts.rings, ...parts.doorbells]) new Uint8Array(shared).fill(0);
    participant = new scenarios.Participant(0, parts);
    scenario.setups[0](participant);
    turns.handOver();
    turns.begin();
    scenario.programs[0](participant);
    turns.finish();
    turns.handOver();
    const failure = settle();
    if (failure) return { schedules, failure: `schedule ${turns.schedule}: ${failure}` };
    if (!turns.backtrack()) return { schedules };
  }
}

function takePart(): void {
  for (turns.waitForTurn(); !turns.isStopped; turns.handOver()) {
    participant = new scenarios.Participant(1, parts);
    scenario.setups[1](participant);
    turns.handOver();
    turns.join();
    scenario.programs[1](participant);
    turns.finish();
    const failure = settle();
    if (failure) throw new Error(`schedule ${turns.schedule}: ${failure}`);
  }
}

if (me === 0) {
  parentPort?.postMessage(runSchedules());
  turns.stop();
} else {
  takePart();
}
