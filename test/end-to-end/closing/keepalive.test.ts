import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { close, pong } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const PING = { opcode: 9, payload: Buffer.alloc(0) };

/** Less than what the defaults of pings and pongs would take. */
const options = { timeout: 20_000 };
/** Longer than a test may take: what waits for it fails. */
const PATIENT = { timeoutMs: 60_000 };

for (const { place, shards } of SETUPS) {
  test(`a ping comes every pingPeriod: ${place}, ${shards} shards`, options, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v', pingPeriod: 20 });
      await using client = await RawClient.open(port, '/v');
      for (let i = 0; i < 3; i++) assert.deepEqual(await client.frame(), PING);
    });
  });

  test(
    `who answers no ping for pongTimeout is cut off, and nobody else: ${place}, ${shards} shards`,
    options,
    async () => {
      await withEngine({ shards }, async ({ engine, port }) => {
        await addServer(engine, place, VERBS, { endpoint: '/v', pongTimeout: 500, pingPeriod: 50 });
        await using watcher = await VerbClient.open({ port }, '/v');
        await watcher.do('join', 'watchers');
        await using answering = await RawClient.open(port, '/v');
        await using silent = await RawClient.open(port, '/v');
        const pongs = (async () => {
          // More than pongTimeout.
          for (let i = 0; i < 14; i++) {
            assert.deepEqual(await answering.frame(), PING);
            answering.send(pong(''));
          }
        })();
        const seen: unknown[] = [];
        while (seen.length < 3) {
          const [, [, what, detail]] = (await watcher.next()) as [string, [string, string, never]];
          if (what !== 'pong')
            seen.push(what === 'error' ? (detail as { code: string }).code : what);
        }
        assert.deepEqual(seen, ['ERR_PONG_TIMEOUT', 'leave', 'disconnect']);
        await pongs;
        for (const frame of [PING, PING]) assert.deepEqual(await silent.frame(), frame);
        await silent.rest();
        assert.equal(answering.socket.destroyed, false);
      });
    },
  );

  test(
    `who does not answer a close is cut off after closeTimeout: ${place}, ${shards} shards`,
    options,
    async () => {
      await withEngine({ shards }, async ({ engine, port }) => {
        const server = await addServer(engine, place, VERBS, { endpoint: '/v', closeTimeout: 50 });
        await using client = await RawClient.open(port, '/v');
        await server.close(PATIENT);
        assert.deepEqual(await client.closeFrame(), { code: 1001, reason: '' });
        assert.equal(await client.rest(), '');
      });
    },
  );
}

test('a client that answers a close is not kept waiting', options, async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const server = await addServer(engine, 'closures', VERBS, {
      endpoint: '/v',
      closeTimeout: 60_000,
    });
    await using client = await RawClient.open(port, '/v');
    const closed = server.close(PATIENT);
    assert.deepEqual(await client.closeFrame(), { code: 1001, reason: '' });
    client.send(close(1001));
    assert.equal(await client.rest(), '');
    client.socket.end();
    await Promise.all([closed, once(client.socket, 'close')]);
  });
});
