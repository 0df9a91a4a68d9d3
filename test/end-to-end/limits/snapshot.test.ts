import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';

const SNAPSHOT = new URL('../fixtures/snapshot.ts', import.meta.url);

for (const { place, shards } of SETUPS) {
  test(`a snapshot larger than maxBufferedBytes arrives: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      for (const slowConsumer of ['close', 'drop', 'latest'] as const) {
        for (const compression of [false, true]) {
          const endpoint = `/${slowConsumer}/${compression}`;
          const options = { endpoint, slowConsumer, compression };
          await addServer(engine, place, SNAPSHOT, options);
          await using client = await TestClient.open({ port }, endpoint);
          for (let i = 0; i < 20; i++) assert.equal((await client.next()).length, 100_000);
          assert.equal(await client.next(), 'the last');
        }
      }
    });
  });
}
