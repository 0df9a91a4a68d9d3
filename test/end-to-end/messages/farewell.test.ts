import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';

const FAREWELL = new URL('../fixtures/farewell.ts', import.meta.url);
const P = 'iris-websocket-message:';

for (const { place, shards } of SETUPS) {
  test(`an answer goes ahead of the close of its handler: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port, errors }) => {
      await addServer(engine, place, FAREWELL, { endpoint: '/v', closeTimeout: 100 });
      for (const [event, answer] of [
        ['at once', `${P};0!7;4;no`],
        ['async', `${P};0!7;4;no`],
        ['later', `${P};0!7;4;no`],
        ['fails', `${P};0~7;the handler failed`],
        ['never', undefined], // closeTimeout is the end of it
      ] as const) {
        await using client = await RawClient.open(port, '/v');
        client.send(text(`${P}${event};0?7;`));
        if (answer !== undefined)
          assert.match(await client.message(), /^iris.*;(no|the handler failed)$/, event);
        assert.deepEqual(await client.closeFrame(), { code: 4401, reason: 'bad token' }, event);
      }
      await engine.close({ timeoutMs: 200 });
      const [error, ...others] = errors.splice(0);
      assert.match(error?.message ?? '', /^1 handlers on \/v were still at work/); // 'never'
      assert.deepEqual(others, []);
    });
  });
}
