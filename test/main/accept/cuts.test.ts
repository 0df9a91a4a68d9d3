import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Cuts } from '../../../src/main/accept/cuts.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('sockets with many requests are destroyed in several turns', async () => {
  const cuts = new Cuts();
  assert.equal(cuts.allDone(), undefined);
  const destroyed: number[] = [];
  for (const requests of [128, 128, 128, 128, 128, 0, 5000, 1]) {
    const destroy = () => void destroyed.push(requests);
    cuts.add({ destroy } as unknown as Socket, requests);
  }
  assert.deepEqual(destroyed, [], 'the HTTP server may be in the middle of a request');
  const lengths: number[] = [];
  const done = cuts.allDone();
  while (destroyed.length < 8) {
    await turn();
    lengths.push(destroyed.length);
  }
  assert.deepEqual([...new Set(lengths.filter((length) => length > 0))], [4, 7, 8]);
  await done;
  assert.equal(cuts.allDone(), undefined);
});
