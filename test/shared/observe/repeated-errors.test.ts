import { strict as assert } from 'node:assert';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { EngineError } from '../../../src/shared/api/errors.ts';
import { RepeatedErrors } from '../../../src/shared/observe/repeated-errors.ts';

function open() {
  const told: EngineError[] = [];
  const errors = new RepeatedErrors((error) => told.push(error));
  const fail = (times: number, message: string, code: EngineError['code'] = 'ERR_HANDLER') => {
    for (let i = 0; i < times; i++) errors.report(new EngineError(code, message));
  };
  return { errors, told, fail, texts: () => told.splice(0).map(({ message }) => message) };
}

test('a few that are alike are told as they come, the rest as one', () => {
  const { errors, fail, texts } = open();
  fail(7, 'x');
  fail(1, 'y');
  assert.deepEqual(texts(), ['x', 'x', 'x', 'x', 'x', 'y']);
  errors.flush();
  assert.deepEqual(texts(), ['x (and 1 more)']);
  errors.flush();
  assert.deepEqual(texts(), []);
  fail(6, 'x');
  assert.equal(texts().length, 5, 'they are told again in the next second');
  errors.flush();
  assert.deepEqual(texts(), ['x']);
});

test('of very many kinds those of one code are counted together, no code is left out', () => {
  const { errors, told, fail, texts } = open();
  for (let i = 0; i < 1000; i++) fail(1, `${i}`);
  fail(1, 'late', 'ERR_PAYLOAD');
  fail(20, 'new', 'ERR_ROOM_LIMIT');
  assert.equal(told.length, 50 + 5 + 1 + 5);
  fail(1, '3');
  assert.equal(texts().at(-1), '3', 'a kind that is known stays one');
  errors.flush();
  assert.deepEqual(texts(), [
    '999 (and 944 more with this code)',
    'new (and 14 more with this code)',
  ]);
});

test('the one that stands for others is as the last of them was', () => {
  const { errors, told } = open();
  const cause = new TypeError('cause');
  for (let i = 0; i < 10; i++) {
    errors.report(new EngineError('ERR_PROTOCOL', 'x', { cause, closeCode: 1002 }));
  }
  errors.flush();
  const { code, closeCode, cause: itsCause, stack } = told.at(-1) as EngineError;
  assert.deepEqual([code, closeCode, itsCause], ['ERR_PROTOCOL', 1002, cause]);
  assert.match(String(stack), /^EngineError: x \(and 4 more\)\n {4}at .*repeated-errors\.test/);
});

test('the rest is told a second later, in the context of nobody', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const errors = new RepeatedErrors(() => {
    seen.push(storage.getStore());
    if (seen.length === 6) resolve();
  });
  const alive = setInterval(() => {}, 1000); // the timer alone keeps no process alive
  storage.run('a user', () => {
    for (let i = 0; i < 8; i++) errors.report(new EngineError('ERR_HANDLER', 'x'));
  });
  await promise;
  clearInterval(alive);
  assert.equal(seen[0], 'a user');
  assert.equal(seen[5], undefined);
});
