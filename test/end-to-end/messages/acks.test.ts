import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import type { AckResult } from '../../../src/shared/ask/ask.ts';
import { AckClient } from '../kit/ack-client.ts';
import { addServer, SETUPS, type TestEngine, withEngine } from '../kit/test-engine.ts';

const ACKS = new URL('../fixtures/acks.ts', import.meta.url);
/** A client that never heard of acknowledgements. */
const OLD: string[] = [];
const LONG = { timeoutMs: 60_000 };

async function nextError({ errors }: TestEngine, engine: TestEngine['engine']) {
  while (errors.length === 0) await once(engine, 'error');
  return errors.shift();
}

for (const { place, shards } of SETUPS) {
  for (const codec of ['text', 'msgpack'] as const) {
    test(`a client asks its connection: ${codec}, ${place}, ${shards} shards`, async (t) => {
      await withEngine({ shards }, async (context) => {
        const { engine, port } = context;
        await addServer(engine, place, ACKS, { endpoint: '/a', codec });
        await using client = await AckClient.open({ port }, '/a', codec);
        await t.test('and gets what its handler returns, at once or later', async () => {
          for (const payload of ['x', 1, true, null, { a: [1] }]) {
            assert.deepEqual(await client.call('sync', payload), ['sync', payload]);
            assert.deepEqual(await client.call('async', payload), ['async', payload]);
          }
          assert.deepEqual(await client.call('bytes'), Uint8Array.of(0, 255));
        });
        await t.test('and gets the first result that is not undefined, else none', async () => {
          assert.equal(await client.call('first'), 'the first that is not undefined');
          assert.equal(await client.call('nothing'), codec === 'text' ? '' : null);
        });
        await t.test('and is told where there is no handler', async () => {
          await assert.rejects(client.call('nobody'), { message: 'no handler' });
        });
        for (const [event, error] of [
          ['throws', 'a handler of throws on /a threw: it threw'],
          ['rejects', 'a handler of rejects on /a threw: it rejected'],
        ] as const) {
          await t.test(`and is not told what failed where it ${event}`, async () => {
            await assert.rejects(client.call(event), { message: 'the handler failed' });
            assert.equal((await nextError(context, engine))?.message, error);
            await using hearing = await AckClient.open({ port }, '/a?heard', codec);
            await assert.rejects(hearing.call(event), { message: 'the handler failed' });
            assert.deepEqual(await hearing.event('error'), ['ERR_HANDLER', error]);
          });
        }
        await t.test('and is told that it failed where the result cannot be encoded', async () => {
          await assert.rejects(client.call('unencodable'), { message: 'the handler failed' });
          assert.equal((await nextError(context, engine))?.code, 'ERR_PAYLOAD');
        });
      });
    });

    test(`a connection asks its client: ${codec}, ${place}, ${shards} shards`, async (t) => {
      await withEngine({ shards }, async ({ engine, port }) => {
        await addServer(engine, place, ACKS, { endpoint: '/a', codec });
        await using client = await AckClient.open({ port }, '/a', codec);
        await t.test('and gets what it answers', async () => {
          for (const payload of ['x', 1, false, null, { a: [1] }, Uint8Array.of(0, 255)]) {
            client.send({ self: true }, 'add', 'question', LONG);
            const question = await client.question('add');
            assert.equal(question.payload, 'question');
            client.answer(question, payload);
            assert.deepEqual(await client.event('asked'), payload);
          }
        });
        await t.test('twice at a time, and answers may come in any order', async () => {
          for (const payload of ['one', 'two']) client.send({ self: true }, 'add', payload, LONG);
          const [one, two] = [await client.question('add'), await client.question('add')];
          assert.notEqual(one.ask, two.ask);
          client.answer(two, 'answer two');
          assert.equal(await client.event('asked'), 'answer two');
          client.answer(one, 'answer one');
          assert.equal(await client.event('asked'), 'answer one');
        });
        await t.test('which says that it cannot', async () => {
          client.send({ self: true }, 'add', null, LONG);
          client.fail(await client.question('add'), 'never');
          assert.deepEqual(await client.event('failed'), [
            'ERR_ACK_FAILED',
            "no answer to 'add': the other side said 'never'",
          ]);
        });
        await t.test('which answers too late: nobody hears of it', async () => {
          client.send({ self: true }, 'add', null, { timeoutMs: 1 });
          const question = await client.question('add');
          const failed = ['ERR_ACK_TIMEOUT', "no answer to 'add': none came within timeoutMs (1)"];
          assert.deepEqual(await client.event('failed'), failed);
          client.answer(question, 'too late');
          assert.deepEqual(await client.call('sync', 1), ['sync', 1], 'it is as it was');
        });
        await t.test('which answers what it was not asked: nobody hears of it', async () => {
          client.send({ self: true }, 'add', null, LONG);
          const question = await client.question('add');
          client.answer({ ...question, ask: question.ask + 1000 }, 'never asked');
          client.fail({ ...question, ask: question.ask + 1000 }, 'never asked');
          client.answer(question, 'the answer');
          client.answer(question, 'the answer again');
          assert.equal(await client.event('asked'), 'the answer');
          assert.deepEqual(await client.call('sync', 1), ['sync', 1], 'it is as it was');
        });
        await t.test('which cannot answer for another', async () => {
          await using other = await AckClient.open({ port }, '/a', codec);
          client.send({ self: true }, 'add', null, LONG);
          const question = await client.question('add');
          other.answer(question, 'forged');
          assert.deepEqual(await other.call('sync', 1), ['sync', 1], 'the forgery has arrived');
          client.answer(question, 'the answer');
          assert.equal(await client.event('asked'), 'the answer');
        });
        await t.test('and wrong arguments reject', async () => {
          for (const [event, options, code] of [
            ['add', { timeoutMs: 0 }, 'ERR_OPTION'],
            ['add', { timeoutMs: 2 ** 31 }, 'ERR_OPTION'],
            ['a;b', LONG, 'ERR_EVENT_NAME'],
            ['', LONG, 'ERR_EVENT_NAME'],
          ] as const) {
            for (const whom of [{ self: true }, { to: '' }] as const) {
              client.send(whom, event, null, options);
              assert.equal(((await client.event('failed')) as string[])[0], code);
            }
          }
        });
      });
    });

    test(`an old client is never shown a mark: ${codec}, ${place}, ${shards} shards`, async () => {
      await withEngine({ shards }, async ({ engine, port }) => {
        await addServer(engine, place, ACKS, { endpoint: '/a', codec });
        await using old = await AckClient.open({ port }, '/a', codec, OLD);
        const failed = [
          'ERR_ACK_UNSUPPORTED',
          "no answer to 'add': the other side is not known to answer",
        ];
        old.send({ self: true }, 'add', 'x', LONG);
        assert.deepEqual(await old.connection.next(), plain(old.codec.encode('add', 'x')));
        assert.deepEqual(await old.event('failed'), failed);
        old.send({ to: '' }, 'add', 'x', LONG);
        assert.deepEqual(await old.connection.next(), plain(old.codec.encode('add', 'x')));
        const { missing } = (await old.event('asked')) as AckResult;
        assert.deepEqual(
          missing.map(({ code }) => code),
          ['ERR_ACK_UNSUPPORTED'],
        );
        // One that says that it answers is asked, whatever its subprotocol.
        old.connection.send(old.codec.encodeHello());
        old.send({ self: true }, 'add', 'y', LONG);
        old.answer(await old.question('add'), 'now I do');
        assert.equal(await old.event('asked'), 'now I do');
      });
    });
  }
}

const plain = (message: string | Uint8Array) =>
  typeof message === 'string' ? message : new Uint8Array(message);
