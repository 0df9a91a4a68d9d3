import type { Measurement } from '../load/job.ts';
import { SCENARIOS } from '../scenarios/scenarios.ts';
import { SYSTEMS } from '../systems/systems.ts';
import { checkBars } from './bars.ts';
import { median, type Results } from './results.ts';

const COLUMNS = [
  'system',
  'per s',
  'server CPU µs each',
  'p50 ms',
  'p99 ms',
  'RSS MB',
  'KB per conn.',
  'primary %',
  'driver %',
];

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function figure(value: number | undefined): string {
  if (value === undefined) return '';
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** The spread of what was repeated: how far the others are from the middle. */
function cpuCell(runs: readonly Measurement[]): string {
  const all = runs.map(({ cpu }) => cpu);
  const middle = figure(median(runs)?.cpu);
  if (all.length < 2) return middle;
  return `${middle} (${figure(Math.min(...all))}–${figure(Math.max(...all))})`;
}

/** One line; none where all runs have failed. */
function row(title: string, runs: readonly Measurement[]): string[] {
  const middle = median(runs);
  if (middle === undefined) return [];
  const { perSecond, p50, p99, rss, kbPerConnection, primaryShare, driver, cpuPerClose } = middle;
  const closing = cpuPerClose === undefined ? '' : `, closing ${figure(cpuPerClose)}`;
  const cells = [
    title,
    figure(perSecond),
    `${cpuCell(runs)}${closing}`,
    figure(p50),
    figure(p99),
    figure(rss),
    figure(kbPerConnection),
    figure(primaryShare),
    String(Math.round(driver)),
  ];
  return [line(cells)];
}

function barTable(results: Results): string[] {
  const verdict = (holds: boolean | undefined) =>
    holds === undefined ? '' : holds ? '✔' : '**✘**';
  return [
    line(['bar', 'measured', 'at most', '', 'aim', '']),
    line(Array(6).fill('---')),
    ...checkBars(results).map((bar) =>
      line([
        bar.title,
        bar.measured,
        bar.atMost,
        verdict(bar.holds),
        bar.aim,
        verdict(bar.reached),
      ]),
    ),
  ];
}

/** The results as a page: the machine, the bars, a table for each scenario. */
export function toMarkdown(results: Results): string {
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    '# Results',
    '',
    `${results.date}, commit ${results.commit}. ${results.machine}. ${versions.join(', ')}.`,
    results.timing,
    '',
    'What the columns are and how they were measured: [../README.md](../README.md).',
    '',
    '## The bars',
    '',
    ...barTable(results),
  ];
  for (const { id, title } of SCENARIOS) {
    const rows = results.rows.filter(({ scenario }) => scenario === id);
    if (rows.length === 0) continue;
    lines.push('', `## ${title}`, '', `\`${id}\``, '', line(COLUMNS));
    lines.push(line(['---', ...Array(COLUMNS.length - 1).fill('---:')]));
    for (const system of SYSTEMS) {
      const found = rows.find((each) => each.system === system.id);
      if (found !== undefined) lines.push(...row(system.title, found.runs));
    }
  }
  return `${lines.join('\n')}\n`;
}
