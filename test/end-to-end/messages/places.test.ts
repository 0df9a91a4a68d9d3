import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import type { ServerOptions } from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, PLACES, SETUPS, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { until } from '../kit/until.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

/** The answer to one upgrade that is refused: its status, its body. */
async function refused(port: number, path: string): Promise<string> {
  await using client = await RawClient.connect(port);
  client.send(upgradeRequest(path));
  const { head, body } = await client.answer();
  return `${/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]} ${body}`;
}

/** Resolves when the engine knows that a shard has so many connections fewer. */
async function untilConnections({ engine }: TestEngine, count: number): Promise<void> {
  const sum = () => engine.shards.reduce((total, { connections }) => total + connections, 0);
  await until(() => sum() === count);
}

const TOO_MANY = '429 Too many connections from this address';

for (const { place, shards } of SETUPS) {
  test(`an address has so many connections, others their own: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async (context) => {
      const { engine, port } = context;
      const limit = { maxConnectionsPerAddress: 2 };
      await addServer(engine, place, VERBS, { endpoint: '/a', ...limit });
      await addServer(engine, place, VERBS, { endpoint: '/b', ...limit });
      const first = await VerbClient.open({ port }, '/a');
      const second = await VerbClient.open({ port }, '/a');
      assert.equal(await refused(port, '/a'), TOO_MANY);
      const elsewhere = { websocket: { localAddress: '127.0.0.2' } };
      await using other = await VerbClient.open({ port }, '/a', elsewhere);
      await using beside = await VerbClient.open({ port }, '/b');
      for (const client of [other, beside]) assert.equal(typeof (await client.do('id')), 'string');
      await first[Symbol.asyncDispose]();
      await untilConnections(context, 3);
      await using third = await VerbClient.open({ port }, '/a');
      assert.equal(await refused(port, '/a'), TOO_MANY);
      for (const client of [second, third]) await client[Symbol.asyncDispose]();
    });
  });
}

for (const place of PLACES) {
  test(`the connections of a shard that died are not counted: ${place}`, async () => {
    await withEngine({ shards: 1 }, async (context) => {
      const { engine, port } = context;
      await addServer(engine, place, VERBS, { endpoint: '/a', maxConnectionsPerAddress: 1 });
      await addServer(engine, 'module', VERBS, { endpoint: '/die' });
      for (let i = 0; i < 2; i++) {
        const client = await TestClient.open({ port }, '/a');
        assert.equal(await refused(port, '/a'), TOO_MANY);
        const killer = await VerbClient.open({ port }, '/die');
        const exit = once(engine, 'shardExit');
        killer.ask('die');
        await exit;
        await Promise.all([client.closed(), killer.closed()]);
      }
    });
  });
}

/** How an upgrade that is being decided on ends, and whether it is a connection then. */
const DECISIONS = { 'let in': undefined, refused: false, failed: new Error('failed') };

for (const [what, options, answer] of [
  ['an address', { maxConnectionsPerAddress: 1 }, TOO_MANY],
  ['a server', { maxConnections: 1 }, '503 Too many connections'],
] as const satisfies readonly [string, ServerOptions, string][]) {
  for (const [end, decision] of Object.entries(DECISIONS)) {
    test(`an upgrade that is being decided on takes a place of ${what}, then ${end}`, async () => {
      await withEngine({ shards: 1 }, async ({ engine, port, errors }) => {
        const decided = Promise.withResolvers<unknown>();
        const asked = Promise.withResolvers<void>();
        const authorize = ({ url }: { url: string }) => {
          if (url !== '/a?slow') return undefined;
          asked.resolve();
          return decided.promise;
        };
        await addServer(engine, 'closures', VERBS, { endpoint: '/a', authorize, ...options });
        await using slow = await RawClient.connect(port);
        slow.send(upgradeRequest('/a?slow'));
        await asked.promise;
        assert.equal(await refused(port, '/a'), answer);
        if (decision instanceof Error) decided.reject(decision);
        else decided.resolve(decision);
        const status = /^HTTP\/1\.1 (\d+)/.exec(await slow.head())?.[1];
        assert.equal(status, decision === undefined ? '101' : '401');
        if (status === '101') assert.equal(await refused(port, '/a'), answer);
        else await (await RawClient.open(port, '/a'))[Symbol.asyncDispose]();
        assert.equal(errors.splice(0).length, decision instanceof Error ? 1 : 0);
      });
    });
  }
}

test('an address that authorize writes into the request is not the one that is counted', async () => {
  await withEngine({ shards: 1 }, async (context) => {
    const { engine, port } = context;
    let decisions = 0;
    await addServer(engine, 'closures', VERBS, {
      endpoint: '/a',
      maxConnectionsPerAddress: 1,
      authorize: (request) => {
        Object.assign(request, { remoteAddress: `192.0.2.${++decisions}` });
      },
    });
    for (let i = 0; i < 2; i++) {
      const client = await TestClient.open({ port }, '/a');
      assert.equal(await refused(port, '/a'), TOO_MANY);
      await client[Symbol.asyncDispose]();
      await untilConnections(context, 0);
    }
  });
});
