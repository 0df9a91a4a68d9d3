import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { All, Engine } from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, leakCheck, SETUPS, withEngine } from '../kit/test-engine.ts';
import { listenOptions } from '../kit/transport.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

async function statusOf(port: number, path: string): Promise<string> {
  await using client = await RawClient.connect(port);
  client.send(upgradeRequest(path));
  return (await client.head()).slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3);
}

for (const { place, shards } of SETUPS) {
  test(`servers come and go while the engine runs: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      assert.equal(await statusOf(port, '/a'), '404');
      const first = await addServer(engine, place, VERBS, { endpoint: '/a' });
      const other = await addServer(engine, place, VERBS, { endpoint: '/b' });
      const clients = [
        await VerbClient.open({ port }, '/a'),
        await VerbClient.open({ port }, '/a'),
      ];
      await using bystander = await VerbClient.open({ port }, '/b');
      for (const client of [...clients, bystander]) await client.do('join', 'room');

      const closing = first.close();
      assert.equal(await statusOf(port, '/a'), '404', 'its endpoint is free at once');
      assert.equal(first.close(), closing);
      await closing;
      for (const client of clients) assert.equal((await client.closed()).code, 1001);
      first.to(All).emit('said', 'to nobody');

      await addServer(engine, place, VERBS, { endpoint: '/a', eventPrefix: 'new:' });
      await using late = await VerbClient.open({ port }, '/a', { eventPrefix: 'new:' });
      await late.do('join', 'room');
      await late.do('to', 'room', 'on the new server');
      assert.deepEqual(await late.next(), ['said', 'on the new server']);
      other.to('room').emit('said', 'on the old one');
      assert.deepEqual(await bystander.next(), ['said', 'on the old one']);
    });
  });

  test(`a server that closes tells its handlers of each connection: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = engine.server({ endpoint: '/a' });
      const told: unknown[] = [];
      server.onConnection((c) => c.onDisconnect((reason) => told.push(reason)));
      await server.ready;
      const clients = [
        await VerbClient.open({ port }, '/a'),
        await VerbClient.open({ port }, '/a'),
      ];
      await server.close();
      const reason = { code: 1001, reason: '' };
      assert.deepEqual(told, [reason, reason]);
      for (const client of clients) await client.closed();
    });
  });
}

test('a server that closes cuts what is left after timeoutMs', { timeout: 20_000 }, async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const options = { endpoint: '/a', closeTimeout: 60_000 };
    const server = await addServer(engine, 'closures', VERBS, options);
    await using silent = await RawClient.open(port, '/a');
    await server.close({ timeoutMs: 20 });
    assert.equal((await silent.closeFrame()).code, 1001);
    assert.equal(await silent.rest(), '');
  });
});

test('a server without an endpoint is disabled, and there may be many', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const servers = [engine.server(), engine.server({ endpoint: '' })];
    for (const server of servers) {
      await server.ready;
      assert.equal(server.endpoint, '');
      server.to(All).emit('said', 'to nobody');
    }
    for (const path of ['/', '*', 'http://host/', 'nonsense']) {
      await using client = await RawClient.connect(port);
      client.send(upgradeRequest(path));
      assert.match(await client.rest(), /^HTTP\/1\.1 40[04] /);
    }
    for (const server of servers) await server.close();
  });
});

test('a server that has been given no endpoint says so', async () => {
  await using engine = new Engine({ shards: 1 });
  const warned = once(process, 'warning');
  engine.server({});
  const [{ name, message }] = (await warned) as [Error];
  assert.equal(name, 'FanringWarning');
  assert.match(message, /^a server without the option endpoint takes no connections/);
});

test('two engines in one process have nothing in common', async () => {
  const leavesNothing = leakCheck();
  await using one = new Engine({ shards: 2 });
  await using two = new Engine({ shards: 1 });
  for (const engine of [one, two]) {
    await engine.listen(0, listenOptions());
    await addServer(engine, engine === one ? 'module' : 'closures', VERBS, { endpoint: '/a' });
  }
  const onePort = (await one.listen(0, listenOptions())).port;
  const twoPort = (await two.listen(0, listenOptions())).port;
  const ann = await VerbClient.open({ port: onePort }, '/a');
  const bob = await VerbClient.open({ port: twoPort }, '/a');
  for (const client of [ann, bob]) await client.do('join', 'room');
  await ann.do('to', 'room', 'from ann');
  await bob.do('to', 'room', 'from bob');
  assert.deepEqual(await ann.next(), ['said', 'from ann']);
  assert.deepEqual(await bob.next(), ['said', 'from bob']);

  await two.close();
  assert.equal((await bob.closed()).code, 1001);
  await assert.rejects(RawClient.connect(twoPort), { code: 'ECONNREFUSED' });
  await ann.do('to', All, 'still here');
  assert.deepEqual(await ann.next(), ['said', 'still here']);
  await one.close();
  assert.equal((await ann.closed()).code, 1001);
  await leavesNothing();
});
