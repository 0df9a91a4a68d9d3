import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { BlockedData } from '../fixtures/clients-of-blocked.ts';
import { addServer, withEngine } from '../kit/test-engine.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const CLIENTS = new URL('../fixtures/clients-of-blocked.ts', import.meta.url);
const MESSAGES = 2000;

/** Rings that a few dozen messages fill, and rings that hold all of them. */
for (const ringMemory of [2 ** 16, 2 ** 26]) {
  test(`a closure that blocks stops nothing between shards, and loses nothing: rings of ${ringMemory} bytes`, async () => {
    await withEngine({ shards: 2, ringMemory }, async ({ engine, port }) => {
      const module = await addServer(engine, 'module', VERBS, { endpoint: '/module' });
      const slow = engine.server({ endpoint: '/slow', maxBufferedBytes: 2 ** 30 });
      const done = new Int32Array(new SharedArrayBuffer(4));
      const ended: string[] = [];
      slow.onConnection((c) => {
        c.onMessage((message) => {
          if (Atomics.load(done, 0) === 0) {
            module.to('told').emitMessage('blocked');
            ended.push(Atomics.wait(done, 0, 0, 20_000));
          }
          c.emitMessage(message);
        });
      });
      await slow.ready;
      const workerData: BlockedData = { port, done, messages: MESSAGES };
      const clients = new Worker(CLIENTS, { workerData });
      const exited = once(clients, 'exit');
      const [result] = await once(clients, 'message');
      assert.equal(result, 'all is well');
      assert.deepEqual(ended, ['ok'], 'the clients were done while it was blocked');
      await exited;
    });
  });
}
