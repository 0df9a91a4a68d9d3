import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { PlainTurns } from '../../../src/main/accept/plain-turns.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Turns by the test's own clock. */
function turnsAt() {
  let now = 0;
  const pass = (ms: number) => {
    now += ms;
  };
  return { turns: new PlainTurns(() => now), pass };
}

test('a turn has time for one answer, and for more as long as they are quick', async () => {
  const { turns, pass } = turnsAt();
  assert.equal(turns.takeTime(), true);
  assert.equal(turns.takeTime(), true);
  pass(15);
  assert.equal(turns.takeTime(), false);
  let calls = 0;
  const go = () => {
    calls += 1;
    assert.equal(turns.takeTime(), true, 'in the next turn there is time again');
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

test('one with much to do does not hold up those who wait behind it', async () => {
  const { turns, pass } = turnsAt();
  const log: string[] = [];
  const client = (name: string, requests: number) => {
    let left = requests;
    const go = () => {
      for (; left > 0; left--) {
        if (!turns.takeTime()) {
          turns.wait(go);
          return;
        }
        log.push(name);
        pass(10);
      }
    };
    go();
  };
  client('a', 20);
  client('b', 20);
  client('c', 1);
  while (log.length < 41) await turn();
  assert.ok(log.indexOf('c') < 4, `${log.indexOf('c')} answers ahead of it`);
  assert.deepEqual(log.slice(4, 8).sort(), ['a', 'a', 'b', 'b']);
});

test('all who wait are called, also behind one that never asks whether there is time', async () => {
  const { turns, pass } = turnsAt();
  const log: string[] = [];
  for (const name of ['slow', 'next']) {
    turns.wait(() => {
      log.push(name);
      pass(15);
    });
  }
  for (let i = 0; i < 4; i++) await turn();
  assert.deepEqual(log, ['slow', 'next']);
});
