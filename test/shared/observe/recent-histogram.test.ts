import { strict as assert } from 'node:assert';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { test } from 'node:test';
import { RecentHistogram } from '../../../src/shared/observe/recent-histogram.ts';

const MS = 1_000_000;

function record(histogram: RecentHistogram<RecordableHistogram>, ...ms: number[]): void {
  for (const one of histogram.both) for (const value of ms) one.record(value * MS);
}

/** A histogram keeps three digits. */
function assertAbout(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected / 500, `${actual} is about ${expected}`);
}

test('the median, the 99th percentile and the most are told in milliseconds', () => {
  const histogram = new RecentHistogram<RecordableHistogram>(createHistogram);
  assert.deepEqual(histogram.times(), { samples: 0, p50: 0, p99: 0, max: 0 });
  record(histogram, ...Array.from({ length: 200 }, (_, at) => at + 1));
  const { samples, p50, p99, max } = histogram.times();
  assert.equal(samples, 200);
  assertAbout(p50, 100);
  assertAbout(p99, 198);
  assertAbout(max, 200);
});

test('what every value has too much of is taken off, and no less than nothing is left', () => {
  const histogram = new RecentHistogram<RecordableHistogram>(createHistogram);
  record(histogram, 19, 20, 50);
  const { p50, max } = histogram.times(20);
  assert.ok(p50 < 0.1);
  assertAbout(max, 30);
  assert.equal(histogram.times(60).max, 0);
});

test('a value is forgotten at the second turn after it, and until then something is known', () => {
  const histogram = new RecentHistogram<RecordableHistogram>(createHistogram);
  record(histogram, 500);
  histogram.rotate();
  record(histogram, 5);
  assertAbout(histogram.times().max, 500);
  histogram.rotate();
  assert.equal(histogram.times().samples, 1);
  assertAbout(histogram.times().max, 5);
  histogram.rotate();
  assert.equal(histogram.times().samples, 0);
});
