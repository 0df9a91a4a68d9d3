import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { All, type Connection, type Server } from '../../../src/main/index.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const SMALL_RINGS = 2 ** 16;
const TOO_MANY = 20_000;

/** Sends numbered messages of 1000 bytes until one is refused; returns how many were not. */
function sendUntilRefused(server: Server): { sent: number; code: string } {
  for (let sent = 0; sent < TOO_MANY; sent++) {
    try {
      server.to(All).emitMessage(String(sent).padEnd(1000));
    } catch (error) {
      return { sent, code: (error as { code: string }).code };
    }
  }
  return { sent: TOO_MANY, code: '' };
}

async function flooded(ringMemory: number, maxOutboxBytes: number) {
  let result = { sent: 0, code: '' };
  await withEngine({ shards: 1, ringMemory, maxOutboxBytes }, async ({ engine, port }) => {
    const server = engine.server({ endpoint: '/v', maxBufferedBytes: 2 ** 30 });
    await server.ready;
    await using client = await TestClient.open({ port }, '/v');
    result = sendUntilRefused(server);
    for (let i = 0; i < result.sent; i++) {
      assert.equal(await client.next(), String(i).padEnd(1000), 'what was taken has arrived');
    }
    server.to(All).emitMessage('there is room again');
    assert.equal(await client.next(), 'there is room again');
  });
  return result;
}

test('the primary is told when an outbox has maxOutboxBytes, and nothing that it sent is lost', async () => {
  const { sent, code } = await flooded(SMALL_RINGS, 10_000);
  assert.equal(code, 'ERR_OUTBOX_FULL');
  assert.ok(sent > 10, `${sent} messages`);
});

test('maxOutboxBytes is room for more than fits into a ring', async () => {
  assert.deepEqual(await flooded(SMALL_RINGS, 2 ** 25), { sent: TOO_MANY, code: '' });
});

test('ringMemory is room for more than fits into an outbox', async () => {
  assert.deepEqual(await flooded(2 ** 27, 1), { sent: TOO_MANY, code: '' });
});

test('closures are told when an outbox is full, and then nothing of it has been done', async () => {
  const options = { shards: 1, ringMemory: SMALL_RINGS, maxOutboxBytes: 10_000 };
  await withEngine(options, async ({ engine, port }) => {
    const server = engine.server({ endpoint: '/v', maxBufferedBytes: 2 ** 30 });
    const { promise: connected, resolve } = Promise.withResolvers<Connection>();
    server.onConnection(resolve);
    await server.ready;
    await using client = await TestClient.open({ port }, '/v');
    const connection = await connected;
    const { sent } = sendUntilRefused(server);
    const full = { code: 'ERR_OUTBOX_FULL' };
    let rooms = 0;
    const joinMany = () => {
      for (; rooms < 100; rooms++) connection.join(`room ${rooms}`);
    };
    assert.throws(joinMany, full);
    assert.ok(rooms > 0 && rooms < 100, `${rooms} rooms`);
    assert.equal(connection.isJoined(`room ${rooms}`), false);
    const takeTheLastBytes = () => {
      for (let i = 0; i < 100; i++) connection.emitMessage('');
    };
    assert.throws(takeTheLastBytes, full);
    assert.throws(() => connection.leave('room 0'), full);
    assert.ok(connection.isJoined('room 0'));
    assert.throws(() => connection.disconnect(), full);
    for (let i = 0; i < sent; i++) await client.next();
    server.to('room 0').emitMessage('joined');
    server.to(`room ${rooms}`).emitMessage('not joined');
    server.to(All).emitMessage('still here');
    while ((await client.next()) !== 'joined');
    assert.equal(await client.next(), 'still here');
  });
});

test('a module is told when an outbox is full, and then nobody got the message', async () => {
  const options = { shards: 2, ringMemory: SMALL_RINGS, maxOutboxBytes: 10_000 };
  await withEngine(options, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/v', maxBufferedBytes: 2 ** 30 });
    await using near = await VerbClient.open({ port }, '/v');
    await using far = await VerbClient.open({ port }, '/v');
    const [sent, code] = (await near.do('floodTo', All, TOO_MANY, 1000)) as [number, string];
    assert.equal(code, 'ERR_OUTBOX_FULL');
    await near.do('endOf', All);
    for (const client of [near, far]) {
      const received = await client.untilEnd();
      assert.equal(received.length, sent);
      assert.deepEqual(received.map(Number), Array.from(received.keys()));
    }
  });
});
