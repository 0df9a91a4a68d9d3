import { strict as assert } from 'node:assert';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as timers from '../../../src/shared/time/timers.ts';

const SOURCES = new URL('../../../src/', import.meta.url);

test('the timers are those of the time of loading', (t) => {
  const { setImmediate, setTimeout } = timers;
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  assert.notEqual(globalThis.setImmediate, setImmediate);
  assert.equal(timers.setImmediate, setImmediate);
  assert.equal(timers.setTimeout, setTimeout);
});

test('no thread of an engine waits for a turn of the loop that a fake may withhold', async () => {
  const waiting: string[] = [];
  for await (const file of glob('{main,workers,shared,emitter}/**/*.ts', { cwd: SOURCES })) {
    const source = await readFile(new URL(file, SOURCES), 'utf8');
    const used = /\b(?:setImmediate|queueMicrotask)\(/.test(source);
    if (used && !source.includes("/timers.ts'")) waiting.push(file);
  }
  assert.deepEqual(waiting, []);
});
