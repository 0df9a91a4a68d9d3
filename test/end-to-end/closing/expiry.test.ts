import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import {
  type ConnectionRequest,
  Engine,
  type EngineError,
  Refusal,
  type ServerOptions,
  withExpiry,
} from '../../../src/main/index.ts';
import { AckClient } from '../kit/ack-client.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, leakCheck, SETUPS, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { openWithToken, tokenOffer } from '../kit/tokens.ts';
import { listenOptions } from '../kit/transport.ts';

const TOKENS = new URL('../fixtures/tokens.ts', import.meta.url);
/** Milliseconds that a token holds: the client is asked for another when a third is left. */
const LIFE = 1_500;
/** That of the token `long`. */
const LONG_LIFE = 5 * LIFE;
/** Longer than a short life, and shorter than a third of a long one. */
const HANDSHAKE_TIMEOUT = 1_800;
/** An expired connection is closed within so many milliseconds. */
const MOST_LATE = 1_000;

const REFUSAL = 'the new token was refused';
const EXPIRY = 'the token has expired';

/** New tokens that are not let in, the reason that their clients are told, and the one for handlers. */
const REFUSED: readonly [token: unknown, reason: string, why: string][] = [
  ['false', REFUSAL, 'authorize answered the new one with 401'],
  ['forbidden', REFUSAL, 'authorize answered the new one with 403'],
  ['busy', EXPIRY, 'authorize answered the new one with 503'],
  ['defect', EXPIRY, 'authorize threw for the new one'],
  ['never', EXPIRY, 'authorize answered the new one with 503'],
  [7, EXPIRY, 'the new one is no string'],
];

/** Decides by the words of the token; one that begins with `first` holds for a time. */
function authorize({ token, url }: ConnectionRequest): unknown {
  if (url.includes('watch')) return undefined;
  if (token === 'false') return false;
  if (token === 'forbidden') throw new Refusal(403, 'not you');
  if (token === 'busy') throw new Refusal(503);
  if (token === 'defect') throw new Error('the database is gone');
  if (token === 'never') return new Promise(() => {});
  if (token === 'for ever') return { token };
  if (token === 'odd') return withExpiry({ token, odd: () => {} }, Date.now() + LIFE);
  const life = token === 'long' ? LONG_LIFE : LIFE;
  return withExpiry({ token: token ?? 'none' }, new Date(Date.now() + life));
}

async function watched(
  context: TestEngine,
  place: 'closures' | 'module',
  options: ServerOptions = {},
) {
  const all = { endpoint: '/a', authorize, codec: 'negotiate' as const, ...options };
  const { endpoint } = await addServer(context.engine, place, TOKENS, all);
  return AckClient.open(context, `${endpoint}?watch`, 'text');
}

/** Checks that a connection has ended in time. @param began ms, when its token was accepted */
function assertInTime(began: number, life = LIFE): void {
  const late = performance.now() - began - life;
  assert.ok(late < MOST_LATE, `${late} ms late`);
}

// Most of the time of each test is that of a token: those of a setup share an engine, side by side.
describe('tokens that expire', { concurrency: true }, () => {
  let leavesNothing: () => Promise<void>;
  before(() => {
    leavesNothing = leakCheck();
  });
  after(() => leavesNothing());

  for (const { place, shards } of SETUPS) {
    const where = `${place}, ${shards} shards`;

    describe(where, { concurrency: true }, () => {
      let context: TestEngine;
      let paths = 0;
      before(async () => {
        const engine = new Engine({ shards, handshakeTimeout: HANDSHAKE_TIMEOUT });
        const errors: EngineError[] = [];
        engine.on('error', (error) => errors.push(error));
        const { port } = await engine.listen(0, listenOptions());
        context = { engine, port, errors };
      });
      after(async () => {
        const { engine, errors } = context;
        await engine.close();
        const told = errors.map(({ message }) => message.replace(/^[^:]*: /, ''));
        assert.deepEqual(told, ['deciding on a new token threw: the database is gone']);
      });
      /** Gives a test a path of its own. */
      const onPath = (body: (path: string) => Promise<void>) => {
        paths += 1;
        return body(`/path-${paths}`);
      };

      for (const codec of shards === 0 ? (['text'] as const) : (['text', 'msgpack'] as const)) {
        test(`a new token keeps a connection, and changes its data: ${codec}, ${where}`, async () => {
          await onPath(async (path) => {
            await using watch = await watched(context, place, { endpoint: path });
            await using client = await openWithToken(context.port, `${path}?q`, 'first', codec);
            for (const token of ['second', 'for ever']) {
              const question = await client.question('fanring:token');
              assert.equal(question.payload, codec === 'text' ? '' : null);
              client.answer(question, token);
              assert.deepEqual(await client.event('data'), [{ token }, { token }]);
            }
            // Another lives for as long as a token does: the first is there all the same.
            const other = await AckClient.open(context, path, codec);
            assert.equal((await other.connection.closed()).code, 4401);
            const { data } = (await client.call('who')) as { data: unknown };
            assert.deepEqual(data, { token: 'for ever' });
            assert.match(String(await watch.event('error')), /^ERR_TOKEN_EXPIRED /);
            const { servers } = await context.engine.stats();
            const own = servers.find(({ endpoint }) => endpoint === path);
            assert.equal(own?.expired, 1);
          });
        });
      }

      test(`a client that has offered no token is not asked, and ends with its time: ${where}`, async () => {
        await onPath(async (path) => {
          await using watch = await watched(context, place, { endpoint: path });
          const client = await AckClient.open(context, path, 'text');
          const began = performance.now();
          await assert.rejects(client.next(), /closed, and no message/);
          const closed = await client.connection.closed();
          assert.deepEqual(closed, { code: 4401, reason: 'the token has expired' });
          assertInTime(began);
          const why = 'its client cannot be asked for another';
          const error = `ERR_TOKEN_EXPIRED the token has expired: ${why}`;
          assert.equal(await watch.event('error'), error);
          assert.equal(await watch.event('gone'), '4401 the token has expired');
        });
      });

      test(`a new token that is not let in ends the connection: ${where}`, async () => {
        await onPath(async (path) => {
          await Promise.all(
            REFUSED.map(async ([token, reason, why], i) => {
              const endpoint = `${path}-${i}`;
              await using watch = await watched(context, place, { endpoint });
              const began = performance.now();
              const client = await openWithToken(context.port, endpoint, 'long');
              client.answer(await client.question('fanring:token'), token);
              assert.deepEqual(await client.connection.closed(), { code: 4401, reason });
              const life = performance.now() - began;
              if (reason === REFUSAL) assert.ok(life < LONG_LIFE, `at once, not after ${life} ms`);
              else assert.ok(life >= LONG_LIFE, `at its expiry, not after ${life} ms`);
              assertInTime(began, LONG_LIFE);
              assert.equal(await watch.event('error'), `ERR_TOKEN_EXPIRED ${reason}: ${why}`);
              assert.equal(await watch.event('gone'), `4401 ${reason}`);
            }),
          );
        });
      });

      test(`a client that cannot give a new token, or is silent, ends at its expiry: ${where}`, async () => {
        await onPath(async (path) => {
          await using watch = await watched(context, place, { endpoint: path });
          const began = performance.now();
          const failing = await openWithToken(context.port, path, 'first');
          failing.fail(await failing.question('fanring:token'), 'logged out');
          assert.equal((await failing.connection.closed()).code, 4401);
          const told = "no answer to 'fanring:token': the other side said 'logged out'";
          const error = 'ERR_TOKEN_EXPIRED the token has expired';
          assert.equal(await watch.event('error'), `${error}: ${told}`);
          assertInTime(began);
          assert.equal(await watch.event('gone'), '4401 the token has expired');
          const silent = await openWithToken(context.port, path, 'first');
          assert.equal((await silent.connection.closed()).code, 4401);
          assert.match(String(await watch.event('error')), /in time|within timeoutMs/);
        });
      });

      test(`an answer does not wait behind events, and a held connection expires: ${where}`, async () => {
        await onPath(async (path) => {
          const options = { maxConcurrentHandlers: 1, maxMessageSize: 2 ** 17, closeTimeout: 200 };
          await using watch = await watched(context, place, { ...options, endpoint: path });
          const client = await openWithToken(context.port, path, 'first');
          for (let i = 0; i < 3; i++) client.emit('stall', 'x'.repeat(60_000));
          client.answer(await client.question('fanring:token'), 'second');
          assert.deepEqual(await client.event('data'), [{ token: 'second' }, { token: 'second' }]);
          const began = performance.now();
          await client.question('fanring:token');
          const { reason } = await client.connection.closed();
          assert.equal(reason, 'the token has expired');
          assertInTime(began);
          assert.match(String(await watch.event('error')), /^ERR_TOKEN_EXPIRED /);
        });
      });

      test(`a client that has offered nothing but a token is asked, too: ${where}`, async () => {
        await onPath(async (path) => {
          await using watch = await watched(context, place, { endpoint: path });
          await using client = await RawClient.open(context.port, path, {
            'Sec-WebSocket-Protocol': tokenOffer('first'),
          });
          assert.match(await client.message(), /^iris-websocket-message:fanring:token;0\?\d+;$/);
          assert.equal((await client.closeFrame()).code, 4401);
          assert.match(String(await watch.event('error')), /^ERR_TOKEN_EXPIRED /);
        });
      });

      test(`a slow consumer expires: ${where}`, async () => {
        await onPath(async (path) => {
          const options = {
            maxBufferedBytes: 2 ** 26,
            closeTimeout: 200,
            slowConsumer: 'drop',
          } as const;
          await using watch = await watched(context, place, { ...options, endpoint: path });
          await using client = await RawClient.open(context.port, path, {
            'Sec-WebSocket-Protocol': `fanring.text.v1, ${tokenOffer('first')}`,
          });
          const began = performance.now();
          client.send(masked('iris-websocket-message:flood;0;'));
          assert.match(String(await watch.event('error')), /^ERR_TOKEN_EXPIRED /);
          assert.equal(await watch.event('gone'), '4401 the token has expired');
          assertInTime(began);
        });
      });

      test(`a connection that is opening expires with a 401: ${where}`, async () => {
        await onPath(async (path) => {
          await using watch = await watched(context, place, {
            endpoint: path,
            headers: { 'X-Of': 'this endpoint' },
          });
          await using client = await RawClient.connect(context.port);
          const began = performance.now();
          client.send(upgradeRequest(`${path}?opening`));
          const { head, body } = await client.answer();
          assert.match(head, /^HTTP\/1\.1 401 /);
          assert.match(head, /\r\nX-Of: this endpoint\r\n/);
          assert.equal(body, 'the token has expired');
          assertInTime(began);
          assert.match(String(await watch.event('error')), /^ERR_TOKEN_EXPIRED /);
          assert.equal(await watch.event('gone'), '1006 refused with 401');
        });
      });
    });
  }
});

test('data of a new token that cannot go to a shard is told, and the connection expires', async () => {
  await withEngine({ shards: 1 }, async (context) => {
    await using watch = await watched(context, 'module');
    const client = await openWithToken(context.port, '/a', 'first');
    client.answer(await client.question('fanring:token'), 'odd');
    assert.equal((await client.connection.closed()).code, 4401);
    assert.match(String(await watch.event('error')), /cannot go to a shard$/);
    const [error] = context.errors.splice(0);
    assert.match(error?.message ?? '', /^what authorize returned cannot go to a shard: /);
  });
});

/** A text frame of a client, masked with zeros. */
function masked(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}
