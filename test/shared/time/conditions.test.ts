import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Conditions } from '../../../src/shared/time/conditions.ts';

test('what holds already is not waited for', async () => {
  await new Conditions().until(() => true);
});

test('each is waited for until a recheck finds that it holds', async () => {
  const conditions = new Conditions();
  const met: string[] = [];
  let level = 0;
  const reached = (name: string, needed: number) =>
    conditions.until(() => level >= needed).then(() => met.push(name));
  const all = [reached('two', 2), reached('one', 1), reached('also one', 1)];
  conditions.recheck();
  await null;
  assert.deepEqual(met, []);
  level = 1;
  conditions.recheck();
  await Promise.all(all.slice(1));
  assert.deepEqual(met, ['one', 'also one']);
  level = 2;
  conditions.recheck();
  await all[0];
  assert.deepEqual(met, ['one', 'also one', 'two']);
});
