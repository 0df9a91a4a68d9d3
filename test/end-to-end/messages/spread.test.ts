import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { text } from '../../conformance/client-frames.ts';
import { CountingClient, numbered } from '../kit/counting-client.ts';
import { addServer, PLACES, withEngine } from '../kit/test-engine.ts';

const CROWD = new URL('../fixtures/crowd.ts', import.meta.url);
const CLIENTS = 400;
const SENDERS = 4;
const MESSAGES = 500;

for (const place of PLACES) {
  test(`400 members of a room on 2 shards get each message once, in order per sender: ${place}`, async (t) => {
    await withEngine({ shards: 2 }, async ({ engine, port }) => {
      await addServer(engine, place, CROWD, { endpoint: '/crowd' });
      const clients: CountingClient[] = [];
      while (clients.length < CLIENTS) {
        clients.push(await CountingClient.open(port, '/crowd', SENDERS));
      }
      const spread = engine.shards.map(({ shard, connections }) => `${connections} on ${shard}`);
      t.diagnostic(`connections per shard: ${spread.join(', ')}`);
      assert.deepEqual(
        engine.shards.map(({ connections }) => connections),
        [CLIENTS / 2, CLIENTS / 2],
      );

      const startedAt = performance.now();
      const total = SENDERS * MESSAGES;
      sendFromEach(clients, 0, MESSAGES);
      await Promise.all(clients.map((client) => client.received(total)));
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(2);
      t.diagnostic(`${CLIENTS * total} deliveries in ${seconds} s`);
      // One more of each sender: had any message come twice, it would have come before.
      sendFromEach(clients, MESSAGES, MESSAGES + 1);
      await Promise.all(clients.map((client) => client.received(total + SENDERS)));
      for (const { fault, counts } of clients) {
        assert.equal(fault, undefined);
        assert.deepEqual(counts, new Array(SENDERS).fill(MESSAGES + 1));
      }
      await Promise.all(clients.map((client) => client.close()));
    });
  });
}

function sendFromEach(clients: readonly CountingClient[], first: number, end: number): void {
  for (let sender = 0; sender < SENDERS; sender++) {
    const frames: Buffer[] = [];
    for (let message = first; message < end; message++) {
      frames.push(text(numbered(sender, message)));
    }
    clients[sender]?.socket.write(Buffer.concat(frames));
  }
}
