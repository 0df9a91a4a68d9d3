import type { Measurement } from '../load/job.ts';
import { medianOf } from './median-of.ts';

/** What was measured of one system in one scenario, once for each repetition. */
export interface Row {
  readonly scenario: string;
  readonly system: string;
  readonly runs: readonly Measurement[];
}

/** Everything of one run of the bench. */
export interface Results {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly timing: string;
  readonly rows: readonly Row[];
  /** Percent of records that shards read for nothing. */
  readonly wastedRecords: number;
}

/** The run in the middle, by CPU: its figures belong together. */
export function median(runs: readonly Measurement[]): Measurement | undefined {
  return medianOf(runs, ({ cpu }) => cpu);
}

/** The middle run of a system in a scenario; undefined where it was not measured. */
export function resultOf(
  rows: readonly Row[],
  scenario: string,
  system: string,
): Measurement | undefined {
  const row = rows.find((each) => each.scenario === scenario && each.system === system);
  return row && median(row.runs);
}
