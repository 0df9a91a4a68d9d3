import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { All, type Server } from '../../../src/main/index.ts';
import { text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, PLACES, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
/** What fits into no ring, so that most of it waits in an outbox. */
const SMALL = { ringMemory: 2 ** 16, maxOutboxBytes: 2 ** 26 };
const MANY = 3_000;
const PATIENT = { timeoutMs: 60_000 };
/** Each shard closes its first connection at once: what follows must be on the same one. */
const ALL_ON_ONE = PLACES.flatMap((place) => [0, 1].map((shards) => ({ place, shards })));

/** Both ways to end a server's connections in good order. */
const CLOSES = {
  'an engine': ({ engine }: TestEngine, _server: Server) => engine.close(PATIENT),
  'a server': (_context: TestEngine, server: Server) => server.close(PATIENT),
};

async function assertNumbered(next: () => Promise<unknown>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) assert.equal(String(await next()).trim(), String(i));
}

for (const [what, close] of Object.entries(CLOSES)) {
  for (const shards of [0, 2]) {
    test(`${what} that closes delivers what was sent before: ${shards} shards`, async () => {
      await withEngine({ shards, ...SMALL }, async (context) => {
        const server = context.engine.server({ endpoint: '/s', maxBufferedBytes: 2 ** 30 });
        await server.ready;
        const clients = [
          await TestClient.open(context, '/s'),
          await TestClient.open(context, '/s'),
        ];
        for (let i = 0; i < MANY; i++) server.to(All).emitMessage(String(i).padEnd(1000));
        const closing = close(context, server);
        for (const client of clients) {
          await assertNumbered(() => client.next(), MANY);
          assert.equal((await client.closed()).code, 1001);
        }
        await closing;
      });
    });
  }

  test(`${what} that closes delivers what one shard has sent to another before`, async () => {
    await withEngine({ shards: 2, ...SMALL }, async (context) => {
      const limits = { maxBufferedBytes: 2 ** 30 };
      const server = await addServer(context.engine, 'module', VERBS, {
        endpoint: '/m',
        ...limits,
      });
      const near = await VerbClient.open(context, '/m');
      const far = await VerbClient.open(context, '/m');
      assert.deepEqual([await near.do('shard'), await far.do('shard')], [1, 2]);
      await far.do('join', 'far');
      assert.deepEqual(await near.do('floodTo', 'far', MANY, 1000), [MANY, '']);
      const closing = close(context, server);
      await assertNumbered(() => far.next(), MANY);
      for (const client of [near, far]) assert.equal((await client.closed()).code, 1001);
      await closing;
    });
  });

  test(`${what} that closes has its closures answer what had been read before`, async () => {
    await withEngine({ shards: 2 }, async (context) => {
      let closing: Promise<void> | undefined;
      const server = context.engine.server({ endpoint: '/s' });
      server.onConnection((c) =>
        c.onMessage((message) => {
          closing ??= close(context, server);
          c.to(All).emitMessage(message);
        }),
      );
      await server.ready;
      await using client = await RawClient.open(context.port, '/s');
      const other = await TestClient.open(context, '/s');
      client.send(Buffer.concat(Array.from({ length: 100 }, (_, i) => text(String(i)))));
      await assertNumbered(() => client.message(), 100);
      await assertNumbered(() => other.next(), 100);
      assert.equal((await client.closeFrame()).code, 1001);
      assert.equal((await other.closed()).code, 1001);
      client.socket.end();
      await closing;
    });
  });

  for (const { place, shards } of ALL_ON_ONE) {
    test(`${what} that closes spreads that over drainMs: ${place}, shards: ${shards}`, async () => {
      await withEngine({ shards }, async (context) => {
        const server = await addServer(context.engine, place, VERBS, { endpoint: '/v' });
        const clients = [];
        for (let i = 0; i < 3; i++) clients.push(await VerbClient.open(context, '/v'));
        const [first, ...others] = clients as [VerbClient, VerbClient, VerbClient];
        const times = { timeoutMs: 600_000, drainMs: 600_000 };
        const closing = what === 'a server' ? server.close(times) : context.engine.close(times);
        assert.equal((await first.closed()).code, 1001);
        for (const client of others) {
          await client.do('toNative', await client.do('id'), 'as before');
          assert.equal(await client.next(), 'as before');
        }
        for (const client of others) await client[Symbol.asyncDispose]();
        await closing;
      });
    });
  }
}
