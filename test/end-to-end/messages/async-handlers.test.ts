import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ServerOptions } from '../../../src/main/index.ts';
import type { DecodedEvent } from '../../../src/shared/codec/codec.ts';
import { AckClient } from '../kit/ack-client.ts';
import { addServer, SETUPS, type TestEngine, withEngine } from '../kit/test-engine.ts';

const GATED = new URL('../fixtures/gated.ts', import.meta.url);

/** The two ends of a server that waits: the gate, and a client whose onConnection does not wait. */
interface Ends {
  readonly gate: AckClient;
  readonly client: AckClient;
  readonly context: TestEngine;
}

/** Runs a test with a server that has these options, its gate and a client. */
async function withGate(
  { place, shards }: (typeof SETUPS)[number],
  options: ServerOptions,
  body: (ends: Ends) => Promise<void>,
): Promise<void> {
  await withEngine({ shards }, async (context) => {
    await addServer(context.engine, place, GATED, { endpoint: '/a', ...options });
    const { port } = context;
    await using gate = await AckClient.open({ port }, '/a?gate', 'text');
    await using client = await AckClient.open({ port }, '/a?at-once', 'text');
    await body({ gate, client, context });
  });
}

/** The next step that the gate hears of: an event, or a question. */
async function step(gate: AckClient): Promise<DecodedEvent> {
  const decoded = await gate.next();
  assert.ok('event' in decoded);
  return decoded;
}

for (const setup of SETUPS) {
  const where = `${setup.place}, ${setup.shards} shards`;

  test(`maxConcurrentHandlers: 1 handles messages one after the other: ${where}`, async () => {
    await withGate(setup, { maxConcurrentHandlers: 1 }, async ({ gate, client }) => {
      for (const n of [1, 2, 3]) client.emit('work', n);
      client.emit('quick', 4); // whose handler is synchronous waits for its turn, too
      for (const n of [1, 2, 3]) {
        assert.equal(await gate.event('begun'), n);
        gate.answer(await gate.question('finish'));
        assert.equal(await gate.event('done'), n);
      }
      assert.equal(await gate.event('quick'), 4);
    });
  });

  test(`no more than maxConcurrentHandlers are at work at a time: ${where}`, async () => {
    await withGate(setup, { maxConcurrentHandlers: 2 }, async ({ gate, client }) => {
      for (const n of [1, 2, 3]) client.emit('work', n);
      const questions: DecodedEvent[] = [];
      const begun: unknown[] = [];
      while (questions.length < 2) {
        const next = await step(gate);
        if (next.ask === undefined) begun.push(next.payload);
        else questions.push(next);
      }
      assert.deepEqual(begun, [1, 2]);
      gate.answer(questions[1] as DecodedEvent);
      assert.equal(await gate.event('done'), 2);
      assert.equal(await gate.event('begun'), 3);
      gate.answer(await gate.question('finish'));
      assert.equal(await gate.event('done'), 3);
      gate.answer(questions[0] as DecodedEvent);
      assert.equal(await gate.event('done'), 1);
    });
  });

  test(`a handler gets the answer that comes behind messages that wait: ${where}`, async () => {
    await withGate(setup, { maxConcurrentHandlers: 1 }, async ({ gate, client }) => {
      client.emit('ask');
      const question = await client.question('question');
      // More than would be read for messages alone.
      const MANY = 2000;
      for (let n = 0; n < MANY; n++) client.emit('quick', n);
      client.answer(question, 'me');
      assert.equal(await gate.event('answered'), 'me');
      for (let n = 0; n < MANY; n++) assert.equal(await gate.event('quick'), n);
    });
  });

  test(`onDisconnect comes behind all that came before it: ${where}`, async () => {
    await withGate(setup, { maxConcurrentHandlers: 1 }, async ({ gate, client }) => {
      client.emit('work', 1);
      client.emit('work', 2);
      await client[Symbol.asyncDispose]();
      for (const n of [1, 2]) {
        assert.equal(await gate.event('begun'), n);
        gate.answer(await gate.question('finish'));
        assert.equal(await gate.event('done'), n);
      }
      assert.equal(await gate.event('gone'), 1005);
    });
  });

  test(`onDisconnect waits for closeTimeout at most, and what is left is told: ${where}`, async () => {
    await withGate(
      setup,
      { maxConcurrentHandlers: 1, closeTimeout: 50 },
      async ({ gate, client, context }) => {
        client.emit('work', 1);
        client.emit('work', 2);
        assert.equal(await gate.event('begun'), 1);
        const question = await gate.question('finish');
        await client[Symbol.asyncDispose]();
        assert.equal(await gate.event('gone'), 1005);
        gate.answer(question);
        assert.equal(await gate.event('done'), 1);
        const [error, ...others] = context.errors.splice(0);
        assert.equal(error?.code, 'ERR_HANDLER');
        assert.match(
          error?.message ?? '',
          /^1 messages of connection \S+ on \/a reached no handler: others were at work for closeTimeout \(50 ms\) after its end$/,
        );
        assert.deepEqual(others, []);
      },
    );
  });

  test(`a client whose messages wait is not read: ${where}`, async () => {
    await withGate(
      setup,
      { maxConcurrentHandlers: 1, maxMessageSize: 2 ** 20 },
      async ({ gate, client, context }) => {
        client.emit('work', 1);
        assert.equal(await gate.event('begun'), 1);
        const question = await gate.question('finish');
        const { socket } = client.connection;
        const event = client.codec.encode('swallow', 'x'.repeat(2 ** 20 - 100));
        // More than sockets hold on both sides.
        const MANY = 40;
        let sent = 0;
        for (let n = 0; n < MANY; n++) socket.send(event, () => (sent += 1));
        for (let looks = 0; looks < 20; looks++) {
          const { servers } = await context.engine.stats();
          const { received } = servers[0] as { received: number };
          assert.ok(received < 8, `${received} messages have been read`);
        }
        assert.ok(sent < MANY);
        gate.answer(question);
        assert.equal(await gate.event('done'), 1);
        for (let n = 0; n < MANY; n++) await gate.event('swallowed');
      },
    );
  });
}
