import { writeFileSync } from 'node:fs';
import { machine } from '../../bench/report/machine.ts';
import { memoryChart } from './memory-chart.ts';
import type { SoakResult } from './soak.ts';
import { VIOLATIONS, type ViolationKind } from './violations.ts';

const RESULTS = new URL('../../bench/results/', import.meta.url);

/** What a run was: when, of what. */
export interface Heading {
  readonly date: string;
  readonly commit: string;
}

function line(cells: readonly (string | number)[]): string {
  const texts = cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell));
  return `| ${texts.join(' | ')} |`;
}

function mebibytes(bytes: number | undefined): string {
  return ((bytes ?? 0) / 2 ** 20).toFixed(1);
}

function violationTable({ violations }: SoakResult): string[] {
  const kinds = Object.entries(VIOLATIONS) as [ViolationKind, string][];
  return [
    line(['violation', '', 'times']),
    line(['---', '---', '---:']),
    ...kinds.map(([kind, what]) => line([kind, what, violations.counts.get(kind) ?? 0])),
  ];
}

function figureTable({ counts, faults, ms, samples }: SoakResult): string[] {
  const rows: [string, number][] = [
    ['minutes', Math.round(ms / 6000) / 10],
    ['connections opened', counts.connections],
    ['messages sent', counts.messages],
    ['messages delivered', counts.deliveries],
    ['deliveries that had to be', counts.due],
    ['not delivered because a leave or an end was under way, as is right', counts.excused],
    ['shards killed', faults.deaths],
    ['connections that ended with them', faults.endedByDeath],
    ['times that a client stopped to read', faults.stalls],
    ['of these flooded, where there is a limit to reach', faults.floods],
    ['closed for being slow (`slowConsumer: close`)', faults.closedSlow],
    ['messages that these did not get', counts.cut],
    ['messages that slow clients lost, reported (`slowConsumer: drop`, `latest`)', counts.dropped],
    ['descriptors before there were connections', samples[0]?.descriptors ?? 0],
    ['most descriptors', Math.max(0, ...samples.map(({ descriptors }) => descriptors))],
    ['descriptors when all connections had ended', samples.at(-1)?.descriptors ?? 0],
  ];
  return [line(['', '']), line(['---', '---:']), ...rows.map(line)];
}

/** The mean of the resident memory over a part of the run, in MiB. */
function meanRss({ samples, ms }: SoakResult, from: number, to: number): string {
  const within = samples.filter(({ at }) => at >= from * ms && at <= to * ms);
  return mebibytes(within.reduce((sum, { rss }) => sum + rss, 0) / Math.max(1, within.length));
}

/** A soak as a page. `chart` is the name of its chart. */
export function toMarkdown(result: SoakResult, { date, commit }: Heading, chart: string): string {
  const { seed, shards, connections, rate, killEveryMs } = result.options;
  return `${[
    '# Soak',
    '',
    `${date}, commit ${commit}. ${machine()}. Node.js ${process.version.slice(1)}.`,
    `Seed ${seed}, ${shards} shards, ${connections} clients, ${rate} actions a second, a shard killed ` +
      `every ${killEveryMs / 1000} s.`,
    '',
    'What is done and what is judged: [../../test/soak/README.md](../../test/soak/README.md).',
    '',
    ...violationTable(result),
    '',
    ...figureTable(result),
    '',
    '## Memory',
    '',
    `Resident memory of the engine's process, MiB: ${meanRss(result, 0.1, 0.3)} in the mean from 10 to 30 % ` +
      `of the run, ${meanRss(result, 0.8, 1)} in its last fifth. The lines are the deaths of shards.`,
    '',
    `![resident memory](${chart})`,
  ].join('\n')}\n`;
}

/** Writes the report and its chart; returns the report. */
export function writeReport(result: SoakResult, heading: Heading, name: string): string {
  const page = toMarkdown(result, heading, `${name}.svg`);
  writeFileSync(new URL(`${name}.md`, RESULTS), page);
  writeFileSync(new URL(`${name}.svg`, RESULTS), memoryChart(result));
  return page;
}
