import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { OutsideClient } from '../kit/outside-client.ts';
import { addServer, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const OUTSIDE = new URL('../fixtures/outside.ts', import.meta.url);
const SLOW = new URL('../fixtures/slow-server.ts', import.meta.url);
const FAILING = new URL('../fixtures/failing-server.ts', import.meta.url);

test('a list says which shard has not answered in time; a count needs nobody', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const server = await addServer(engine, 'module', OUTSIDE, { endpoint: '/o' });
    const one = await OutsideClient.open(port, '/o', ['red']);
    const two = await OutsideClient.open(port, '/o', ['red']);
    one.emit('hang');
    const { connections, silentShards } = await server.connections({ timeoutMs: 500 });
    assert.deepEqual([connections.map(({ id }) => id), silentShards], [[two.id], [1]]);
    const rooms = await server.rooms({ timeoutMs: 500 });
    assert.deepEqual(rooms.silentShards, [1]);
    assert.deepEqual(rooms.rooms, [{ room: 'red', count: 1 }]);
    assert.equal(server.count({ room: 'red' }), 2);
    await engine.close({ timeoutMs: 0 });
    await one.closed();
    await two.closed();
  });
});

test('what a shard had is neither counted nor listed when it has died', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const server = await addServer(engine, 'module', OUTSIDE, { endpoint: '/o' });
    const one = await OutsideClient.open(port, '/o', ['red']);
    await using two = await OutsideClient.open(port, '/o', ['red']);
    const exit = once(engine, 'shardExit'); // heard, it is no error
    one.emit('die');
    await exit;
    await one.closed();
    assert.equal(server.count(), 1);
    const { connections, silentShards } = await server.connections({ timeoutMs: 60_000 });
    assert.deepEqual([connections.map(({ id }) => id), silentShards], [[two.id], []]);
  });
});

test('a module learns of its server before connections come to it', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    await addServer(engine, 'module', OUTSIDE, { endpoint: '/o' });
    await using one = await OutsideClient.open(port, '/o');
    assert.equal(await one.do('started'), '/o');
  });
});

test('a connection that comes early waits until its module is ready', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    engine.server({ endpoint: '/s', handlers: SLOW });
    await using one = await VerbClient.open({ port }, '/s');
    assert.deepEqual(await one.next(), ['ready', true]);
  });
});

test('a module whose onServer throws is not loaded', async () => {
  await withEngine({ shards: 1 }, async ({ engine, errors }) => {
    const server = engine.server({ endpoint: '/f', handlers: FAILING });
    await assert.rejects(server.ready, { code: 'ERR_HANDLERS_LOAD', message: /no database/ });
    assert.deepEqual(
      errors.splice(0).map(({ code }) => code),
      ['ERR_HANDLERS_LOAD'],
    );
  });
});

test('what is asked of a list wrongly is refused', async () => {
  await withEngine({ shards: 0 }, async ({ engine }) => {
    const server = await addServer(engine, 'closures', OUTSIDE, { endpoint: '/o' });
    for (const wrong of [
      { limit: 0 },
      { limit: 10_001 },
      { timeoutMs: 0 },
      { cursor: 'x' },
      { to: 'x' },
    ]) {
      await assert.rejects(server.connections(wrong as object), { code: 'ERR_OPTION' });
    }
    await assert.rejects(server.rooms({ cursor: 5 } as object), { code: 'ERR_OPTION' });
    assert.throws(() => server.count({ room: 5 } as object), { code: 'ERR_OPTION' });
    assert.throws(() => server.join('x', ''), { code: 'ERR_ROOM_NAME' });
    assert.throws(() => server.disconnect('x', 1005), { code: 'ERR_CLOSE_CODE' });
  });
});
