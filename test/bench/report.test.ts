import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Measurement } from '../../bench/load/job.ts';
import { checkBars } from '../../bench/report/bars.ts';
import { toSvg } from '../../bench/report/chart.ts';
import { toMarkdown } from '../../bench/report/markdown.ts';
import { median, type Results, type Row } from '../../bench/report/results.ts';
import { wastedRecords } from '../../bench/report/wasted-records.ts';

function measured(cpu: number, more: Partial<Measurement> = {}): Measurement {
  return { count: 1e6, perSecond: 1e6, cpu, primaryShare: 0, rss: 100, driver: 50, ...more };
}

function row(scenario: string, system: string, ...runs: Measurement[]): Row {
  return { scenario, system, runs };
}

function resultsOf(rows: Row[], wasted = 0): Results {
  return {
    date: '2026-01-02',
    commit: 'abc',
    machine: '2 cores',
    versions: { 'Node.js': '26' },
    timing: 'Measured.',
    rows,
    wastedRecords: wasted,
  };
}

const AT_THE_BAR = [
  row('broadcast-500-64-32', 'fanring-2-shard', measured(1, { primaryShare: 2 })),
  row('broadcast-500-64-32', 'fanring-2-primary', measured(2)),
  row('broadcast-500-64-32', 'ws', measured(15)),
  row('broadcast-500-64-1', 'fanring-2-shard', measured(7.5)),
  row('broadcast-500-64-1', 'ws', measured(10)),
  row('echo-1', 'fanring-2-shard', measured(7)),
  row('echo-1', 'ws', measured(10)),
  row('echo-16', 'fanring-2-shard', measured(5)),
  row('echo-16', 'ws', measured(10)),
  row('open', 'fanring-2-shard', measured(120)),
  row('open', 'ws', measured(100)),
  row('idle', 'fanring-2-shard', measured(1, { kbPerConnection: 7 })),
  row('idle', 'ws', measured(1, { kbPerConnection: 7 })),
];

test('what is just at its bar holds, and what is above it does not', () => {
  const held = checkBars(resultsOf(AT_THE_BAR, 5));
  assert.equal(held.length, 9);
  assert.deepEqual(
    held.filter(({ holds }) => !holds),
    [],
  );
  const worse = AT_THE_BAR.map(({ scenario, system, runs }) => {
    const factor = system === 'fanring-2-shard' ? 1.01 : system === 'fanring-2-primary' ? 1.03 : 1;
    const [run] = runs as [Measurement];
    const kb = run.kbPerConnection;
    return row(scenario, system, {
      ...run,
      cpu: run.cpu * factor,
      primaryShare: run.primaryShare * factor,
      ...(kb !== undefined && { kbPerConnection: kb * factor }),
    });
  });
  assert.deepEqual(
    checkBars(resultsOf(worse, 5.1)).filter(({ holds }) => holds),
    [],
  );
});

test('an aim against Bun is reached below it; without Bun nothing is said of it', () => {
  const rows = AT_THE_BAR.slice(0, 3);
  const [first] = checkBars(resultsOf(rows));
  assert.equal(first?.reached, undefined);
  const against = (cpu: number) =>
    checkBars(resultsOf([...rows, row('broadcast-500-64-32', 'bun', measured(cpu))]))[0];
  assert.equal(against(1.1)?.reached, true);
  assert.equal(against(0.9)?.reached, false);
});

test('what was not measured has no bar', () => {
  const titles = checkBars(resultsOf([])).map(({ title }) => title);
  assert.deepEqual(titles, ['1000 rooms of 10: records read by shards that have no member']);
});

test('the run in the middle is reported, with the range of the others', () => {
  const runs = [measured(3), measured(9), measured(5)];
  assert.equal(median(runs)?.cpu, 5);
  assert.equal(median([]), undefined);
  const page = toMarkdown(resultsOf([row('echo-1', 'ws', ...runs)]));
  assert.match(page, /\| ws, client\.send for each \| 1,000,000 \| 5\.00 \(3\.00–9\.00\) \|/);
  assert.match(page, /2026-01-02, commit abc\. 2 cores\. Node\.js 26\./);
});

test('a system all of whose runs have failed has no line', () => {
  const page = toMarkdown(resultsOf([row('echo-1', 'bun'), row('echo-1', 'ws', measured(3))]));
  assert.match(page, /---: \|\n\| ws, client\.send for each \|[^\n]*\|\n$/);
  assert.doesNotMatch(page, /Bun/);
});

test('the chart has a bar for each system, the longest for the most', () => {
  const chart = toSvg(resultsOf(AT_THE_BAR.slice(0, 3)));
  const widths = [...chart.matchAll(/x="300" .*?width="([\d.]+)"/g)].map(([, width]) => width);
  assert.deepEqual(widths, ['35.3', '70.7', '530.0']);
  assert.doesNotMatch(chart, /NaN|undefined/);
});

test('few records are read for nothing by shards without members of a room', () => {
  assert.equal(wastedRecords(1, 1), 0);
  assert.ok(wastedRecords(1000, 10) <= 5);
});
