import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ODD } from '../fixtures/odd-throws.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { until } from '../kit/until.ts';

const ODD_THROWS = new URL('../fixtures/odd-throws.ts', import.meta.url);

/** Resolves when the engine has reported so many errors, all of them of handlers. */
async function handlerErrors({ errors }: TestEngine, count: number): Promise<void> {
  await until(() => errors.length >= count);
  const codes = errors.splice(0).map(({ code }) => code);
  assert.deepEqual(codes, Array(count).fill('ERR_HANDLER'));
}

for (const { place, shards } of SETUPS) {
  test(`whatever handlers throw, a connection opens and lives, or is refused: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async (context) => {
      const { engine } = context;
      engine.on('shardExit', ({ reason }) => assert.fail(reason));
      await addServer(engine, place, ODD_THROWS, { endpoint: '/t' });
      for (const odd of Object.keys(ODD)) {
        await t.test(`odd=${odd}`, async () => {
          await using client = await TestClient.open(context, `/t?odd=${odd}`);
          client.emit('event', 'hello');
          client.send('still here');
          assert.equal(await client.next(), 'still here');
          await client[Symbol.asyncDispose]();
          await handlerErrors(context, 3);
        });
        await t.test(`odd=${odd}&later`, async () => {
          await using client = await RawClient.connect(context.port);
          client.send(upgradeRequest(`/t?odd=${odd}&later`));
          assert.match((await client.answer()).head, /^HTTP\/1\.1 500 /);
          await handlerErrors(context, 2); // that of onDisconnect, too
        });
      }
    });
  });
}

test('whatever authorize and origins throw, the upgrade is answered', async (t) => {
  await withEngine({ shards: 0 }, async (context) => {
    for (const [name, odd] of Object.entries(ODD)) {
      const throwIt = () => {
        throw odd();
      };
      for (const [where, options] of [
        ['authorize', { authorize: throwIt }],
        ['authorize, later', { authorize: async () => throwIt() }],
        ['origins', { origins: throwIt }],
      ] as const) {
        await t.test(`${name} in ${where}`, async () => {
          const server = context.engine.server({ endpoint: '/t', ...options });
          await using client = await RawClient.connect(context.port);
          client.send(upgradeRequest('/t', { Origin: 'http://example.com' }));
          assert.match(await client.rest(), /^HTTP\/1\.1 401 /);
          await handlerErrors(context, 1);
          await server.close();
        });
      }
      await t.test(`${name} in idGenerator`, async () => {
        const server = context.engine.server({ endpoint: '/t', idGenerator: throwIt });
        await using client = await RawClient.connect(context.port);
        client.send(upgradeRequest('/t'));
        assert.match(await client.rest(), /^HTTP\/1\.1 500 /);
        assert.equal(context.errors.splice(0)[0]?.code, 'ERR_CONNECTION_ID');
        await server.close();
      });
    }
  });
});
