import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Coalescing } from '../../../src/workers/shard/coalescing.ts';

interface Load {
  readonly talkers: number;
  /** How often is read in one turn, each time from the next talker. */
  readonly readsPerTurn: number;
  readonly turnMs: number;
}

/** A shard under a load; returns what it does for so many turns: the number of pauses. */
function shard() {
  let pauses = 0;
  let now = 1_000;
  let next = 0;
  const coalescing = new Coalescing(() => {
    pauses += 1;
  });
  const talkers = Array.from({ length: 1000 }, () => ({ heardIn: 0 }));
  return (turns: number, load: Load): number => {
    const before = pauses;
    for (let turn = 0; turn < turns; turn++) {
      for (let read = 0; read < load.readsPerTurn; read++) {
        coalescing.heard(talkers[next++ % load.talkers] as { heardIn: number });
      }
      now += load.turnMs;
      coalescing.turnEnded(now);
    }
    return pauses - before;
  };
}

const BUSY: Load = { talkers: 50, readsPerTurn: 1, turnMs: 0.02 };

test('pauses after each turn once many connections have sent a lot, one at a time', () => {
  const run = shard();
  run(1000, BUSY); // 20 ms
  assert.equal(run(1000, BUSY), 1000);
});

for (const [title, load] of Object.entries<Load>({
  'few connections, each of which may wait for its answer': { ...BUSY, talkers: 15 },
  'few messages': { ...BUSY, turnMs: 0.2 },
  'turns that are full': { ...BUSY, talkers: 100, readsPerTurn: 45 },
  'turns that have heard most of those who talk': { ...BUSY, talkers: 20, readsPerTurn: 16 },
})) {
  test(`does not pause with ${title}`, () => {
    const run = shard();
    run(1000, BUSY);
    run(1000, load); // at least 20 ms
    assert.equal(run(1000, load), 0);
  });
}

test('pauses where turns are neither', () => {
  for (const load of [
    { ...BUSY, talkers: 100, readsPerTurn: 44 },
    { ...BUSY, talkers: 20, readsPerTurn: 15 },
  ]) {
    const run = shard();
    run(1000, load);
    assert.equal(run(100, load), 100);
  }
});

test('does not pause after a turn that has read nothing', () => {
  const run = shard();
  run(1000, BUSY);
  assert.equal(run(100, { ...BUSY, readsPerTurn: 0 }), 0);
});

test('a rush after a silence is measured from its beginning', () => {
  const run = shard();
  run(1, { ...BUSY, readsPerTurn: 0, turnMs: 60_000 });
  assert.equal(run(400, BUSY), 0, 'less than one window');
  assert.equal(run(200, BUSY), 100);
});
