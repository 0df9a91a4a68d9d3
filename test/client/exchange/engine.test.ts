import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Connection, Engine } from '../../../src/main/index.ts';
import { restartPort } from '../../end-to-end/fixtures/restart-port.ts';
import { connected, open, Told, told } from '../connect.ts';

interface Events {
  add: (numbers: { a: number; b: number }) => number;
  bytes: (bytes: Uint8Array) => Uint8Array;
  chat: string;
  n: number;
}

/** An engine whose closures are at the test's hands. */
async function start(port = 0) {
  const engine = new Engine({ shards: 0 });
  const server = engine.server<Events>({ endpoint: '/chat', codec: 'negotiate' });
  const connections = new Told<Connection<Events>>((fn) => server.onConnection(fn));
  const address = await engine.listen(port, { host: '127.0.0.1' });
  return { engine, server, connections, port: address.port, host: `127.0.0.1:${address.port}` };
}

for (const codec of [undefined, 'text', 'msgpack'] as const) {
  const options = codec === undefined ? {} : { codec };
  const name = codec ?? 'nothing in particular';

  test(`speaks with an engine both ways, having asked for ${name}`, async () => {
    const { engine, connections, host } = await start();
    await using _ = engine;
    const ws = open<Events>({ host }, null, { ...options, reconnect: false });
    ws.emit('chat', 'early');
    const connection = await connections.next();
    assert.equal(await told<string>((fn) => connection.on('chat', fn)), 'early');
    const heard = told<number>((fn) => ws.on('n', fn));
    connection.emit('n', 7);
    assert.equal(await heard, 7);

    connection.on('add', ({ a, b }) => a + b);
    connection.on('bytes', async (bytes) => bytes.toReversed());
    assert.equal(await ws.emitWithAck('add', { a: 1, b: 2 }), 3);
    const reversed = await ws.emitWithAck('bytes', new Uint8Array([1, 2]));
    assert.deepEqual(reversed, new Uint8Array([2, 1]));
    await assert.rejects(ws.emitWithAck('fanring:ping' as 'add', { a: 1, b: 2 }), {
      code: 'ERR_ACK_FAILED',
      message: /no handler/,
    });
  });

  test(`answers an engine, having asked for ${name}`, async () => {
    const { engine, server, connections, host } = await start();
    await using _ = engine;
    const ws = open<Events>({ host }, null, { ...options, reconnect: false });
    ws.on('add', async ({ a, b }) => a * b);
    ws.emit('n', 1);
    const connection = await connections.next();
    await told<number>((fn) => connection.on('n', fn)); // its hello has come before that
    assert.equal(await connection.emitWithAck('add', { a: 3, b: 4 }), 12);
    const { answers, missing } = await server.to('').emitWithAck('add', { a: 5, b: 6 });
    assert.deepEqual(answers, [{ id: connection.id, payload: 30 }]);
    assert.deepEqual(missing, []);
  });
}

test('an engine is not told that a client answers where acks is false', async () => {
  const { engine, connections, host } = await start();
  await using _ = engine;
  const ws = open<Events>({ host }, null, { acks: false, reconnect: false });
  ws.emit('n', 1);
  const connection = await connections.next();
  await told<number>((fn) => connection.on('n', fn));
  const answer = connection.emitWithAck('add', { a: 1, b: 2 });
  await assert.rejects(answer, { code: 'ERR_ACK_UNSUPPORTED' });
});

test('comes back when the engine is back on its port, with what was emitted meanwhile', async () => {
  const first = await start(await restartPort());
  await using _first = first.engine;
  const reconnect = { minDelayMs: 1, maxDelayMs: 20 };
  const ws = open<Events>(first, null, { codec: 'msgpack', reconnect });
  await first.connections.next();
  await connected(ws);
  const lost = told<{ code: number }>((fn) => ws.onDisconnect(fn));
  await first.engine.close();
  assert.equal((await lost).code, 1001);
  for (const n of [1, 2, 3]) ws.emit('n', n);
  const answer = ws.emitWithAck('add', { a: 1, b: 1 });
  ws.onConnect(() => ws.emit('n', 4));

  const second = await start(first.port);
  await using _ = second.engine;
  const connection = await second.connections.next();
  connection.on('add', ({ a, b }) => a + b);
  const seen = new Told<number>((fn) => connection.on('n', fn));
  for (const n of [1, 2, 3, 4]) assert.equal(await seen.next(), n);
  assert.equal(await answer, 2);
  ws.close();
});

test('stays away when the app of the server has disconnected it', async () => {
  const { engine, connections, host } = await start();
  await using _ = engine;
  const ws = open<Events>({ host });
  const ended = told<unknown>((fn) => ws.onDisconnect(fn));
  (await connections.next()).disconnect();
  assert.deepEqual(await ended, { code: 1000, reason: '', willReconnect: false });
});
