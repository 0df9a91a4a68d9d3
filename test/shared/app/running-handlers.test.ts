import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { EngineError } from '../../../src/shared/api/errors.ts';
import { RunningHandlers } from '../../../src/shared/app/running-handlers.ts';

const unexpected = (error: EngineError) => assert.ifError(error);

test('handlers that resolve, reject or say so have ended', async () => {
  const running = new RunningHandlers();
  await running.ended(0, '/a', unexpected);
  const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  running.add(one.promise);
  running.add(two.promise);
  running.begin();
  const ended = running.ended(600_000, '/a', unexpected);
  one.resolve();
  two.reject(new Error());
  running.end();
  await ended;
});

test('the handler that waits is not waited for', async () => {
  const running = new RunningHandlers();
  running.begin();
  await running.ended(600_000, '/a', unexpected, 1);
});

test('handlers that are at work at the deadline are told, with their number', async () => {
  const running = new RunningHandlers();
  const told: EngineError[] = [];
  for (let i = 0; i < 3; i++) running.begin();
  await running.ended(1, '/a', (error) => told.push(error), 1);
  assert.equal(told.length, 1);
  assert.equal(told[0]?.code, 'ERR_HANDLER');
  assert.match(told[0]?.message ?? '', /^2 handlers on \/a /);
});
