import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import type { AckResult } from '../../../src/shared/ask/ask.ts';
import { changed, GATE, open } from '../fixtures/gate.ts';
import { AckClient } from '../kit/ack-client.ts';
import { addServer, PLACES, SETUPS, withEngine } from '../kit/test-engine.ts';

const ACKS = new URL('../fixtures/acks.ts', import.meta.url);
const GATED = new URL('../fixtures/gate.ts', import.meta.url);
/** A client that never heard of acknowledgements. */
const OLD: string[] = [];
const LONG = { timeoutMs: 60_000 };

const answer = (id: unknown, payload: unknown) => ({ id, payload });
const byId = (result: unknown) => {
  const { answers, missing, silentShards } = result as AckResult;
  const sorted = <Item extends { id: string }>(items: readonly Item[]) =>
    [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { answers: sorted(answers), missing: sorted(missing), silentShards };
};

/** Clients in one room, in turn on shard 1 and shard 2 and in turn of one codec and the other. */
async function openRoom(port: number, path: string, size = 4) {
  const clients: AckClient[] = [];
  const ids: string[] = [];
  for (let i = 0; i < size; i++) {
    const client = await AckClient.open({ port }, path, i % 4 < 2 ? 'text' : 'msgpack');
    ids.push((await client.call('join', 'red')) as string);
    clients.push(client);
  }
  const close = () => Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  return { clients: clients as [AckClient, AckClient, AckClient, AckClient], ids, close };
}

for (const { place, shards } of SETUPS) {
  test(`who has ended answers no more: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, ACKS, { endpoint: '/a', codec: 'negotiate' });
      const { clients, ids, close } = await openRoom(port, '/a', 3);
      const [one, two, three] = clients;
      one.send({ to: 'red' }, 'add', null, LONG);
      const fromPrimary = server.to(ids[1] as string).emitWithAck('add', null, LONG);
      one.answer(await one.question('add'), 1);
      three.answer(await three.question('add'), 3);
      // The two questions come from two threads: in no order.
      await two.question('add');
      await two.question('add');
      two.emit('end');
      const missing = [{ id: ids[1], code: 'ERR_CONNECTION_ENDED' }];
      assert.deepEqual(
        byId(await one.event('asked')),
        byId({
          answers: [answer(ids[0], 1), answer(ids[2], 3)],
          missing,
          silentShards: [],
        }),
      );
      assert.deepEqual(await fromPrimary, { answers: [], missing, silentShards: [] });
      await close();
    });
  });

  test(`a room is asked across shards and codecs: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, ACKS, { endpoint: '/a', codec: 'negotiate' });
      const { clients, ids, close } = await openRoom(port, '/a');
      const onShards = await Promise.all(clients.map((client) => client.call('shard')));
      assert.deepEqual(onShards, shards === 0 ? [1, 1, 1, 1] : [1, 2, 1, 2]);
      const [one, ...others] = clients;
      const all = { answers: ids.map((id, i) => answer(id, i)), missing: [], silentShards: [] };

      await t.test('by a connection: the room', async () => {
        one.send({ to: 'red' }, 'add', { n: 1 }, LONG);
        for (const [i, client] of clients.entries()) {
          const question = await client.question('add');
          assert.deepEqual(question.payload, { n: 1 });
          client.answer(question, i);
        }
        assert.deepEqual(byId(await one.event('asked')), byId(all));
      });
      await t.test('by a connection: the others', async () => {
        one.send({ others: true }, 'add', null, LONG);
        for (const [i, client] of others.entries()) {
          client.answer(await client.question('add'), i + 1);
        }
        const expected = { ...all, answers: all.answers.slice(1) };
        assert.deepEqual(byId(await one.event('asked')), byId(expected));
      });
      await t.test('by a connection: each id', async () => {
        for (const [i, client] of clients.entries()) {
          one.send({ to: ids[i] as string }, 'add', null, LONG);
          client.answer(await client.question('add'), i);
          const expected = { ...all, answers: [answer(ids[i], i)] };
          assert.deepEqual(await one.event('asked'), expected);
        }
      });
      await t.test('by the server: the room, everyone, and nobody', async () => {
        for (const target of ['red', '']) {
          const asked = server.to(target).emitWithAck('add', { n: 1 }, LONG);
          for (const [i, client] of clients.entries()) {
            client.answer(await client.question('add'), i);
          }
          assert.deepEqual(byId(await asked), byId(all));
        }
        const nobody = { answers: [], missing: [], silentShards: [] };
        assert.deepEqual(await server.to('nobody').emitWithAck('add'), nobody);
      });
      await t.test('and who does not answer is named, with the reason', async () => {
        await using old = await AckClient.open({ port }, '/a', 'text', OLD);
        old.emit('join', 'red');
        old.emit('me');
        const oldId = await old.event('me');
        const [, two, three] = clients;
        const asked = server.to('red').emitWithAck('add', 'x', { timeoutMs: 300 });
        one.send({ to: 'red' }, 'add', 'x', { timeoutMs: 300 });
        for (let i = 0; i < 2; i++) {
          one.answer(await one.question('add'), 0);
          two.fail(await two.question('add'), 'no');
          await three.question('add');
          assert.equal(await old.event('add'), 'x');
        }
        const expected = byId({
          answers: [answer(ids[0], 0), answer(ids[3], 3)],
          missing: [
            { id: ids[1], code: 'ERR_ACK_FAILED', reason: 'no' },
            { id: ids[2], code: 'ERR_ACK_TIMEOUT' },
            { id: oldId, code: 'ERR_ACK_UNSUPPORTED' },
          ],
          silentShards: [],
        });
        const four = clients[3];
        for (let i = 0; i < 2; i++) four.answer(await four.question('add'), 3);
        assert.deepEqual(byId(await one.event('asked')), expected);
        assert.deepEqual(byId(await asked), expected);
      });
      await close();
    });
  });

  test(`whatever a peer answers hurts nobody: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const options = { endpoint: '/a', codec: 'negotiate', maxMessageSize: 2 ** 18 } as const;
      const server = await addServer(engine, place, ACKS, options);
      const { clients, ids, close } = await openRoom(port, '/a');
      const [one, two, three, four] = clients;
      const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
      const payloads = [JSON.parse(deep(100)), null, Uint8Array.of(0, 255), { 1022: new Date(0) }];
      const asked = server.to('red').emitWithAck('add', null, { timeoutMs: 500 });
      three.send({ to: 'red' }, 'add', null, { timeoutMs: 500 });
      for (let i = 0; i < 2; i++) {
        one.answer(await one.question('add'), payloads[0]);
        const { ask } = await two.question('add');
        two.connection.send(`iris-websocket-message:;4!${ask};${deep(100_000)}`);
        three.answer(await three.question('add'), payloads[2]);
        four.answer(await four.question('add'), payloads[3]);
      }
      const expected = byId({
        answers: [0, 2, 3].map((i) => answer(ids[i], payloads[i])),
        missing: [{ id: ids[1], code: 'ERR_ACK_TIMEOUT' }],
        silentShards: [],
      });
      assert.deepEqual(byId(await asked), expected);
      assert.deepEqual(byId(await three.event('asked')), expected);
      await close();
    });
  });

  test(`a server that goes leaves no question open: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, ACKS, { endpoint: '/a', codec: 'negotiate' });
      const { clients, close } = await openRoom(port, '/a', 2);
      const asked = server.to('red').emitWithAck('add', null, LONG);
      clients[0].send({ to: 'red' }, 'add', null, LONG);
      for (const client of clients) for (let i = 0; i < 2; i++) await client.question('add');
      await server.close();
      assert.deepEqual((await asked).answers, []);
      await close();
    });
  });

  test(`an engine that closes leaves no question open: ${place}, ${shards} shards`, async () => {
    const asked: Promise<AckResult>[] = [];
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, ACKS, { endpoint: '/a', codec: 'negotiate' });
      const { clients, close } = await openRoom(port, '/a', 2);
      asked.push(server.to('red').emitWithAck('add', null, LONG));
      clients[0].send({ to: 'red' }, 'add', null, LONG);
      for (const client of clients) for (let i = 0; i < 2; i++) await client.question('add');
      await engine.close();
      await close();
    });
    for (const { answers } of await Promise.all(asked)) assert.deepEqual(answers, []);
  });
}

for (const place of PLACES) {
  test(`a shard that dies keeps nobody waiting: ${place}`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port }) => {
      const server = await addServer(engine, place, ACKS, { endpoint: '/a', codec: 'negotiate' });
      await addServer(engine, 'module', ACKS, { endpoint: '/deadly' });
      const { clients, ids, close } = await openRoom(port, '/a');
      await using killer = await AckClient.open({ port }, '/deadly', 'text');
      assert.equal(await killer.call('shard'), 1);
      const [one, two, three, four] = clients;
      const asked = server.to('red').emitWithAck('add', null, LONG);
      two.send({ to: 'red' }, 'add', null, LONG);
      for (let i = 0; i < 2; i++) {
        await one.question('add');
        await three.question('add');
        two.answer(await two.question('add'), 2);
        four.answer(await four.question('add'), 4);
      }
      const exit = once(engine, 'shardExit');
      killer.emit('die');
      await exit;
      // The primary knows its connections: of a shard nobody knows who was asked there.
      const lost = [ids[0], ids[2]].map((id) => ({ id, code: 'ERR_CONNECTION_ENDED' }));
      const expected = byId({
        answers: [answer(ids[1], 2), answer(ids[3], 4)],
        missing: place === 'closures' ? lost : [],
        silentShards: place === 'closures' ? [] : [1],
      });
      assert.deepEqual(byId(await asked), expected);
      assert.deepEqual(byId(await two.event('asked')), expected);
      await close();
    });
  });
}

test('who has asked a shard that is busy is answered when the server goes', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const gate = new Int32Array(new SharedArrayBuffer(12));
    const options = { endpoint: '/gate', authorize: () => gate };
    const server = await addServer(engine, 'module', GATED, options);
    await using one = await AckClient.open({ port }, '/gate', 'text');
    await using two = await AckClient.open({ port }, '/gate', 'text');
    try {
      two.connection.send('block');
      await changed(gate, GATE.isBlocked);
      one.emit('ask');
      await one.event('asked');
      const closing = server.close();
      await changed(gate, GATE.silentShards);
      assert.equal(Atomics.load(gate, GATE.silentShards), 1);
      open(gate);
      await closing;
    } finally {
      open(gate); // or the engine waits for the thread
    }
  });
});
