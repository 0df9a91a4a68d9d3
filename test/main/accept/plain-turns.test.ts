import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { PlainTurns } from '../../../src/main/accept/plain-turns.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('a turn has time for one answer, and for more as long as they are quick', async () => {
  const turns = new PlainTurns();
  assert.equal(turns.hasTime, true);
  assert.equal(turns.hasTime, true);
  block(15);
  assert.equal(turns.hasTime, false);
  let calls = 0;
  const go = () => {
    calls += 1;
    assert.equal(turns.hasTime, true, 'in the next turn there is time again');
  };
  const forgotten = () => assert.fail();
  turns.wait(go);
  turns.wait(forgotten);
  turns.forget(forgotten);
  assert.equal(calls, 0);
  await turn();
  await turn();
  assert.equal(calls, 1);
});

test('sockets with many requests are destroyed in several turns', async () => {
  const turns = new PlainTurns();
  assert.equal(turns.allCut(), undefined);
  const destroyed: number[] = [];
  for (const requests of [128, 128, 128, 128, 128, 0, 5000, 1]) {
    const destroy = () => void destroyed.push(requests);
    turns.cut({ destroy } as unknown as Socket, requests);
  }
  assert.deepEqual(destroyed, [], 'the HTTP server may be in the middle of a request');
  const lengths: number[] = [];
  const done = turns.allCut();
  while (destroyed.length < 8) {
    await turn();
    lengths.push(destroyed.length);
  }
  assert.deepEqual([...new Set(lengths.filter((length) => length > 0))], [4, 7, 8]);
  await done;
  assert.equal(turns.allCut(), undefined);
});
