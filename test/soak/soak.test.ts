import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { memoryChart } from './memory-chart.ts';
import { toMarkdown } from './report.ts';
import { soak } from './soak.ts';

test('nothing is lost, repeated, disordered or misled while shards die and clients stall', async () => {
  const lines: string[] = [];
  const result = await soak({
    seed: 4,
    shards: 2,
    connections: 42,
    rate: 1000,
    steps: 3000,
    killEveryMs: 800,
    onProgress: (line) => lines.push(line),
  });
  const { counts, faults, violations } = result;
  assert.deepEqual(violations.details, []);
  assert.equal(violations.total, 0);
  // It has put to the test what it is about.
  assert.ok(counts.due > 2000, `${counts.due} deliveries`);
  for (const [what, least] of [
    ['deaths', 1],
    ['stalls', 5],
    ['floods', 1],
  ] as const) {
    assert.ok(faults[what] >= least, `${faults[what]} ${what}`);
  }
  const page = toMarkdown(result, { date: '2026-01-02', commit: 'abc' }, 'soak.svg');
  assert.match(page, /\| lost \| .* \| 0 \|/);
  assert.match(memoryChart(result), /<polyline points="\d/);
});
