import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { PLACES_TO_THROW } from '../fixtures/throwing.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { until } from '../kit/until.ts';

const THROWING = new URL('../fixtures/throwing.ts', import.meta.url);
const PREFIX = 'iris-websocket-message:';

/** What a failure of each place is said to be of. */
const NAMES: Readonly<Record<string, string>> = {
  connection: 'onConnection',
  event: 'event',
  message: 'onMessage',
  ping: 'onPing',
  pong: 'onPong',
  leave: 'onLeave',
  disconnect: 'onDisconnect',
};

const MALFORMED: readonly [what: string, message: string][] = [
  ['an event without a separator', `${PREFIX}event`],
  ['an event of an unknown type', `${PREFIX}event;9;x`],
  ['an event whose payload is not what its type says', `${PREFIX}event;4;{`],
  ['an event without a name', `${PREFIX};0;x`],
];

for (const { place, shards } of SETUPS) {
  test(`a handler that fails keeps nothing from working: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async (context) => {
      const { engine, port } = context;
      await addServer(engine, place, THROWING, { endpoint: '/t' });
      await using ears = await TestClient.open({ port }, '/t?ears');
      for (const where of PLACES_TO_THROW) {
        for (const [query, error] of [
          [where, `threw in ${where}`],
          [`${where}&later`, `rejected in ${where}`],
        ] as const) {
          if (query === 'connection&later') continue; // it refuses: opening/async-setup.test.ts
          const expected = `a handler of ${NAMES[where]} on /t threw: ${error}`;
          await t.test(`${error}: told to onError of the connection`, async () => {
            await provoke(port, `${query}&heard`);
            const heard = String(await ears.next());
            assert.equal(heard, `${PREFIX}heard;4;["ERR_HANDLER","${expected}"]`);
          });
          await t.test(`${error}: reported where there is no onError`, async () => {
            await provoke(port, query);
            const { code, message } = await nextError(context);
            assert.deepEqual([code, message], ['ERR_HANDLER', expected]);
          });
        }
      }
      await t.test('an onError that throws: reported', async () => {
        await provoke(port, 'event&deafening');
        const { message } = await nextError(context);
        assert.equal(message, 'a handler of onError on /t threw: onError threw at ERR_HANDLER');
      });
      assert.deepEqual(ears.unread, []);
    });
  });

  test(`what the client does wrong is for its connection alone: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, THROWING, { endpoint: '/t' });
      await using ears = await TestClient.open({ port }, '/t?ears');
      await using heard = await TestClient.open({ port }, '/t?heard');
      await using unheard = await TestClient.open({ port }, '/t');
      for (const [what, message] of MALFORMED) {
        await t.test(`${what}: told to onError, and the connection stays open`, async () => {
          heard.send(message);
          assert.match(String(await ears.next()), /heard;4;\["ERR_MALFORMED_EVENT",/);
          unheard.send(message);
          for (const client of [heard, unheard]) {
            client.send('still open');
            assert.equal(await client.next(), 'still open');
          }
        });
      }
    });
  });
}

for (const { place, shards } of SETUPS) {
  test(`what is reported says where it was thrown: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async (context) => {
      await addServer(context.engine, place, THROWING, { endpoint: '/t' });
      for (const query of ['event', 'event&later', 'connection']) {
        await provoke(context.port, query);
        const { cause } = await nextError(context);
        assert.ok(cause instanceof Error);
        assert.match(cause.message, /^(threw|rejected) in (event|connection)$/);
        assert.match(String(cause.stack), /fixtures\/throwing\.ts:\d+/);
      }
    });
  });
}

/** Opens a connection, does all that a client can do, and closes it. */
async function provoke(port: number, query: string): Promise<void> {
  await using client = await TestClient.open({ port }, `/t?${query}`);
  client.emit('event', 'hello');
  client.send('hello');
  client.socket.ping();
  client.socket.pong();
  // The handlers behind those that fail have run.
  assert.equal(await client.next(), `${PREFIX}event;0;hello`);
  assert.equal(await client.next(), 'hello');
}

/** The only error that the engine has reported, as soon as it has. */
async function nextError({ errors }: TestEngine) {
  await until(() => errors.length !== 0);
  const [error, ...others] = errors.splice(0);
  assert.deepEqual(others, []);
  assert.ok(error);
  return error;
}
