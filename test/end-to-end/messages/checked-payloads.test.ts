import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Engine, type Server } from '../../../src/main/index.ts';
import { events } from '../fixtures/checked-events.ts';
import { AckClient } from '../kit/ack-client.ts';
import { addServer, type Place, SETUPS, withEngine } from '../kit/test-engine.ts';

const HANDLERS = new URL('../fixtures/checked.ts', import.meta.url);
const THREE_LIBRARIES = new URL('../fixtures/three-libraries.ts', import.meta.url);

function addChecked(engine: Engine, place: Place, checkOutgoing = false): Promise<Server> {
  const options = { endpoint: '/a', checkOutgoing, codec: 'negotiate' as const };
  return addServer(engine, place, HANDLERS, place === 'module' ? options : { ...options, events });
}

async function addThreeLibraries(engine: Engine, place: Place): Promise<void> {
  const { events } = await import('../fixtures/three-libraries.ts');
  const options = { endpoint: '/a', codec: 'negotiate' as const };
  const all = place === 'module' ? options : { ...options, events };
  await addServer(engine, place, THREE_LIBRARIES, all);
}

/** What is told next. */
async function told(client: AckClient): Promise<unknown[]> {
  return (await client.event('told')) as unknown[];
}

for (const shards of [0, 2]) {
  test(`a module whose events are no schemas does not start: ${shards} shards`, async () => {
    await using engine = new Engine({ shards });
    const handlers = new URL('../fixtures/wrong-schemas.ts', import.meta.url);
    const server = engine.server({ endpoint: '/a', handlers });
    server.ready.catch(() => {});
    await assert.rejects(engine.listen(0), {
      code: 'ERR_HANDLERS_LOAD',
      message: /^handlers: events of file:.*\/wrong-schemas.ts.chat: 'string' is not a schema /,
    });
  });
}

for (const { place, shards } of SETUPS) {
  const where = `${place}, ${shards} shards`;

  test(`handlers get what schemas of three libraries make of it: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addThreeLibraries(engine, place);
      for (const codec of ['text', 'msgpack'] as const) {
        await using client = await AckClient.open({ port }, '/a', codec);
        client.emit('chat', { text: 'hello', secret: 1 });
        assert.deepEqual(await told(client), ['chat', 'hello', 'all']);
        client.emit('shout', 'hello');
        assert.deepEqual(await told(client), ['shout', 'HELLO']);
        client.emit('position', { x: 1, y: 2 });
        assert.deepEqual(await told(client), ['position', 1, 2]);
        client.emit('label', { name: 'a' });
        assert.deepEqual(await told(client), ['any', 'label']);
        assert.deepEqual(await told(client), ['label', 'a']);
        client.emit('ready'); // '' or null on its way, which the schema does not take
        assert.deepEqual(await told(client), ['ready', 'undefined']);
        client.emit('at', '2026-11-30T00:00:00Z');
        assert.deepEqual(await told(client), ['at', 2026]);
        assert.equal(await client.call('sum', [1, 2]), 2);
      }
    });
  });

  test(`what does not match reaches no handler, and is told and counted: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addThreeLibraries(engine, place);
      await using client = await AckClient.open({ port }, '/a', 'text');
      const wrong: [event: string, payload: unknown, at: RegExp][] = [
        ['chat', { text: 5 }, /^the payload of 'chat' on \/a is not valid: at text: .*string/],
        ['label', { name: 'x'.repeat(8).split('') }, / at name: Invalid type: Expected string/],
        ['position', { x: 1, y: 'z'.repeat(900) }, / at y: y must be a number/],
        ['slow', 100, /: at most 99 turns$/],
      ];
      for (const [event, payload, text] of wrong) {
        client.emit(event, payload);
        const [what, code, message] = await told(client);
        assert.deepEqual([what, code], ['error', 'ERR_PAYLOAD_INVALID'], 'onAny is not told');
        assert.match(String(message), text);
        assert.ok(String(message).length < 320, 'a value is not told at length');
      }
      await assert.rejects(
        client.call('sum', [1, 'x']),
        /^Error: invalid payload: at \[1\]: .*number/,
      );
      const { servers } = await engine.stats();
      assert.equal(servers[0]?.invalidPayloads, wrong.length + 1);
    });
  });

  test(`a schema that throws fails like a handler: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addChecked(engine, place);
      await using client = await AckClient.open({ port }, '/a', 'text');
      client.emit('broken', 'x');
      const text = 'the schema of broken on /a threw: a fault of the schema';
      assert.deepEqual(await told(client), ['error', 'ERR_HANDLER', text]);
      await assert.rejects(client.call('broken', 'x'), /^Error: the schema failed$/);
    });
  });

  test(`what comes behind an async schema is handled behind it: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addChecked(engine, place);
      await using client = await AckClient.open({ port }, '/a', 'text');
      client.emit('slow', 50);
      client.emit('slow', 0);
      client.emit('shout', 'a');
      client.connection.send('native');
      client.emit('slow', 101);
      client.emit('shout', 'b');
      const order: unknown[] = [];
      while (order.at(-1) !== 'B') order.push((await told(client))[1]);
      assert.deepEqual(order, [50, 0, 'A', 'native', 'ERR_PAYLOAD_INVALID', 'B']);
    });
  });

  test(`an answer of a client is checked, one at a time and in rooms: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addChecked(engine, place);
      await using client = await AckClient.open({ port }, '/a', 'text');
      client.ask('length', 'own');
      client.answer(await client.question('length'), 'four');
      assert.deepEqual(await client.next(), { answerTo: 1, payload: '4' });

      client.ask('length', 'own');
      client.answer(await client.question('length'), 5);
      const [, code, message] = await told(client);
      assert.equal(code, 'ERR_ACK_FAILED');
      assert.match(String(message), /^no answer to 'length': the answer is not valid: .*string/);
      assert.deepEqual(await client.next(), { answerTo: 2, failure: 'the handler failed' });

      client.emit('length', 'of the room');
      client.answer(await client.question('length'), 'three');
      assert.deepEqual(await told(client), ['lengths', [5], []]);
      client.emit('length', 'of the room');
      client.answer(await client.question('length'), 5);
      const [, lengths, missing] = await told(client);
      assert.deepEqual(lengths, []);
      assert.match(String(missing), /^ERR_ACK_FAILED,the answer is not valid/);

      // The primary beside a module has no schemas: the shard checks for it.
      const asked = server.to('room').emitWithAck('length', 'x');
      client.answer(await client.question('length'), 5);
      const result = await asked;
      assert.deepEqual([result.answers, result.missing.length], [[], 1]);
      assert.match(String(result.missing[0]?.reason), /^the answer is not valid/);
      const { servers } = await engine.stats();
      assert.equal(servers[0]?.invalidPayloads, 3);
    });
  });

  test(`checkOutgoing has emit throw, and answers fail: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addChecked(engine, place, true);
      await using client = await AckClient.open({ port }, '/a', 'text');
      client.emit('emit-wrong');
      const [, code, message] = await told(client);
      assert.equal(code, 'ERR_PAYLOAD_INVALID');
      assert.match(String(message), /^the payload of 'chat' on \/a is not valid: at text/);
      await assert.rejects(client.call('sum', [1, 2, 3, 4]), /^Error: the handler failed$/);
      assert.match(String((await told(client))[2]), /^the answer to 'sum' on \/a is not valid/);
      if (place === 'closures') {
        const wrong = { code: 'ERR_PAYLOAD_INVALID' };
        assert.throws(() => server.to('nobody').emit('chat', 5), wrong);
        await assert.rejects(server.to('room').emitWithAck('sum', 'x'), wrong);
        const async = /^checkOutgoing: the schema of 'slow' is async, and emit cannot wait for it$/;
        assert.throws(() => server.to('room').emit('slow', 1), {
          code: 'ERR_OPTION',
          message: async,
        });
      }
    });
  });
}
