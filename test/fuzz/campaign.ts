import fc from 'fast-check';
import { codecTargets } from './codec-targets.ts';
import { compressedTarget } from './compressed-target.ts';
import { frameTarget } from './frame-target.ts';
import { createListenerTarget } from './listener-target.ts';
import { recordTarget } from './record-target.ts';
import type { FuzzTarget } from './target.ts';
import { upgradeTarget } from './upgrade-target.ts';

/** All that takes hostile input; the shares make 1000. */
export function fuzzTargets(): FuzzTarget[] {
  return [
    frameTarget,
    compressedTarget,
    ...codecTargets,
    recordTarget,
    upgradeTarget,
    createListenerTarget(),
  ];
}

/** What a campaign has found. */
export interface Failure {
  /** With it, and `inputs` for this target alone, the failure comes again. */
  readonly seed: number;
  readonly inputs: number;
  /** The smallest input that fails, and why. */
  readonly report: string;
}

/** Inputs that are generated with one seed. */
const ROUND = 10_000;

/** Characters of a report: an input may be long. */
const MAX_REPORT = 2_000;

/**
 * Gives a target so many inputs, round by round.
 * @param onProgress is told the number of inputs so far
 */
export async function fuzz(
  target: FuzzTarget,
  seed: number,
  inputs: number,
  onProgress: (done: number) => void = () => {},
): Promise<Failure | undefined> {
  for (let done = 0; done < inputs; ) {
    const numRuns = Math.min(ROUND, inputs - done);
    const roundSeed = (seed + done / ROUND) | 0;
    const details = await fc.check(target.property(), { seed: roundSeed, numRuns });
    if (details.failed) {
      await target.finish?.().catch(() => {}); // it has failed already
      const report = (fc.defaultReportMessage(details) ?? '').slice(0, MAX_REPORT);
      return { seed: roundSeed, inputs: numRuns, report: `${report}\n${details.errorInstance}` };
    }
    done += numRuns;
    onProgress(done);
  }
  await target.finish?.();
  return undefined;
}
