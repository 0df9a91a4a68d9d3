import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { ping, text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';

const LARGE_MODULE = new URL('../fixtures/large.ts', import.meta.url);
const P = 'iris-websocket-message:';
/** Far more than the kernel takes for a client that does not read. */
const LARGE = 10 * 2 ** 20;

for (const { place, shards } of SETUPS) {
  const title = 'pings and probes behind a large message are answered, and close nobody';
  test(`${title}: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, LARGE_MODULE, { endpoint: '/v' });
      await using watcher = await TestClient.open({ port }, '/v?watch');
      await using client = await RawClient.open(port, '/v');
      client.send(text(`${LARGE}`));
      client.socket.read(0);
      await once(client.socket, 'readable'); // the message is on its way
      for (const number of [1, 2, 3]) client.send(text(`${P}fanring:ping;0?${number};`));
      for (const number of [1, 2, 3]) client.send(ping(`${number}`));
      for (let pings = 0; pings < 3; pings++) assert.equal(await watcher.next(), 'ping');
      const seen: string[] = [];
      while (!seen.includes(`${P};0~3;no handler`) || !seen.includes('3')) {
        const { opcode, payload } = await client.frame();
        assert.notEqual(opcode, 8);
        seen.push(payload.length === LARGE ? 'large' : payload.toString());
      }
      assert.deepEqual(seen.toSorted(), ['3', `${P};0~3;no handler`, 'large'].toSorted());
      assert.equal(seen[0], 'large');
    });
  });
}
