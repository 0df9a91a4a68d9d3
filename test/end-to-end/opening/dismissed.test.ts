import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DISMISSED } from '../fixtures/dismissed.ts';
import type { DismissedData } from '../fixtures/dismissed-client.ts';
import { addServer, PLACES, withEngine } from '../kit/test-engine.ts';

const HANDLERS = new URL('../fixtures/dismissed.ts', import.meta.url);
const CLIENT = new URL('../fixtures/dismissed-client.ts', import.meta.url);

for (const place of PLACES) {
  test(`the 101 waits for an onConnection that disconnects: ${place}`, async () => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      await addServer(engine, place, HANDLERS, {
        endpoint: '/chat',
        authorize: () => words,
      });
      await addServer(engine, 'module', HANDLERS, { endpoint: '/busy' });
      const workerData: DismissedData = { port, words };
      const client = new Worker(CLIENT, { workerData });
      const exited = once(client, 'exit');
      const [seen] = await once(client, 'message');
      assert.equal(Atomics.load(words, DISMISSED.wasHeld), 1, 'the 101 left too early');
      assert.deepEqual(seen, ['last words', { code: 4001, reason: 'dismissed' }]);
      await exited;
    });
  });
}
