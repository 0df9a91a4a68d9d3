import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ask, Askable } from '../../../src/shared/ask/ask.ts';
import { SentAsks } from '../../../src/shared/ask/sent-asks.ts';

/** The questions to somebody, and what is told to each of them. */
function pendingAsks(...numbers: number[]) {
  const log: unknown[][] = [];
  const pending = new SentAsks({ id: 'ann' } as Askable);
  const asks = numbers.map((number) => {
    const ask = {
      number,
      answered: (by: Askable, ...rest: unknown[]) => log.push([number, by.id, ...rest]),
      failed: (by: Askable, ...rest: unknown[]) => log.push([number, by.id, ...rest]),
    } as unknown as Ask;
    pending.add(ask);
    return ask;
  });
  return { pending, asks, log };
}

test('an answer is for its question, once', () => {
  const { pending, log } = pendingAsks(1, 2);
  pending.settle({ answerTo: 2, payload: 'x' }, 'message');
  pending.settle({ answerTo: 2, payload: 'again' }, 'message');
  pending.settle({ answerTo: 3, payload: 'unasked' }, 'message');
  assert.deepEqual(log.splice(0), [[2, 'ann', 'x', 'message']]);
  pending.settle({ answerTo: 1, failure: '' }, 'message');
  pending.end();
  assert.deepEqual(log, [[1, 'ann', 'ERR_ACK_FAILED', '']]);
});

test('at the end every question that is left fails, once; one that is forgotten does not', () => {
  const { pending, asks, log } = pendingAsks(1, 2, 3);
  pending.delete(asks[1] as Ask);
  pending.end();
  pending.end();
  pending.settle({ answerTo: 1, payload: 'late' }, 'message');
  assert.deepEqual(log, [
    [1, 'ann', 'ERR_CONNECTION_ENDED'],
    [3, 'ann', 'ERR_CONNECTION_ENDED'],
  ]);
});
