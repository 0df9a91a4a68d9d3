import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { until } from '../kit/until.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const SLOW_MODULE = new URL('../fixtures/slow-module.ts', import.meta.url);
const NEVER_MODULE = new URL('../fixtures/never-module.ts', import.meta.url);
const CLOSED = { code: 'ERR_ENGINE_CLOSED' };
/** Less than what a close waits for by default. */
const options = { timeout: 4_500 };
const soon = { timeoutMs: 20 };

for (const shards of [0, 2]) {
  test(
    `a module that never finishes loading holds no close up: ${shards} shards`,
    options,
    async () => {
      await withEngine({ shards }, async ({ engine, port }) => {
        const closed = engine.server({ endpoint: '/closed', handlers: NEVER_MODULE });
        const left = engine.server({ endpoint: '/left', handlers: NEVER_MODULE });
        await using client = await RawClient.connect(port);
        client.send(upgradeRequest('/closed'));
        await until(() => engine.shards.some(({ connections }) => connections > 0));
        await closed.close(soon);
        await assert.rejects(closed.ready, CLOSED);
        await engine.close(soon);
        await assert.rejects(left.ready, CLOSED);
      });
    },
  );
}

/** Two connections of one server, the first of whose threads loops for good. */
async function openHanging({ engine, port }: TestEngine) {
  const server = await addServer(engine, 'module', VERBS, { endpoint: '/m' });
  const closures = engine.server({ endpoint: '/c' });
  const ends: number[] = [];
  closures.onConnection((c) => c.onDisconnect(({ code }) => ends.push(code)));
  await closures.ready;
  const hanging = await VerbClient.open({ port }, '/m');
  const watcher = await VerbClient.open({ port }, '/m');
  assert.deepEqual([await hanging.do('shard'), await watcher.do('shard')], [1, 2]);
  const beside = await RawClient.open(port, '/c'); // on shard 1
  await watcher.do('join', 'watchers');
  hanging.ask('hang');
  assert.deepEqual(((await watcher.next()) as [string, unknown[]])[1].slice(1), ['hang', null]);
  return { server, closures, ends, hanging, watcher, beside };
}

test('an engine that closes cuts a shard that hangs', options, async () => {
  await withEngine({ shards: 2 }, async (context) => {
    const { ends, hanging, watcher, beside } = await openHanging(context);
    await context.engine.close(soon);
    assert.deepEqual(ends, [1006], 'its closures are told before');
    assert.equal((await watcher.closed()).code, 1001);
    assert.equal((await hanging.closed()).code, 1006);
    await beside[Symbol.asyncDispose]();
  });
});

test('a server that closes does not wait for a shard that hangs', options, async () => {
  await withEngine({ shards: 2 }, async (context) => {
    const { server, closures, ends, hanging, watcher, beside } = await openHanging(context);
    await Promise.all([server.close(soon), closures.close(soon)]);
    assert.deepEqual(ends, [1006]);
    assert.equal((await watcher.closed()).code, 1001);
    await context.engine.close(soon);
    assert.equal((await hanging.closed()).code, 1006);
    await beside[Symbol.asyncDispose]();
  });
});

test('a server that closes before it is ready closes who waited for it', options, async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const server = engine.server({ endpoint: '/slow', handlers: SLOW_MODULE });
    await using client = await RawClient.connect(port);
    client.send(upgradeRequest('/slow'));
    await until(() => engine.shards[0]?.connections === 1);
    const closing = server.close();
    await assert.rejects(server.ready, CLOSED);
    assert.match(await client.head(), /^HTTP\/1\.1 101 /);
    assert.equal((await client.closeFrame()).code, 1001);
    client.socket.end();
    await closing;
    await until(() => !engine.shards.some(({ connections }) => connections > 0));
  });
});

test(
  'a server that closes before it is ready is not closed while a connection is open',
  options,
  async () => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      const server = engine.server({ endpoint: '/slow', handlers: SLOW_MODULE });
      await using client = await RawClient.connect(port);
      client.send(upgradeRequest('/slow'));
      await until(() => engine.shards[0]?.connections === 1);
      let isClosed = false;
      const closing = server.close().then(() => {
        isClosed = true;
      });
      assert.match(await client.head(), /^HTTP\/1\.1 101 /);
      assert.equal((await client.closeFrame()).code, 1001);
      // Another server comes and goes through the same port of the shard.
      await engine.server({ endpoint: '/other' }).close();
      assert.equal(isClosed, false);
      client.socket.end();
      await closing;
    });
  },
);
