import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Engine } from '../../../src/main/index.ts';
import { text } from '../../conformance/client-frames.ts';
import { closeServer, listen } from '../kit/http-server.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { skippedOverTls } from '../kit/transport.ts';
import { until } from '../kit/until.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const options = { timeout: 20_000 };
/** With these a connection whose end is not seen stays until the test fails. */
const PATIENT = { pongTimeout: 600_000, closeTimeout: 600_000 };

/**
 * Resolves when a watcher has seen a connection end without a close frame.
 * @returns the native messages that came before
 */
async function sawEnd(watcher: VerbClient): Promise<unknown[]> {
  const messages: unknown[] = [];
  while (true) {
    const next = await watcher.next();
    const [, what, detail] = Array.isArray(next) ? (next[1] as [string, string, unknown]) : [];
    if (what === undefined) messages.push(next);
    if (what !== 'disconnect') continue;
    assert.deepEqual(detail, [1006, '', 0]);
    return messages;
  }
}

for (const { place, shards } of SETUPS) {
  test(
    `an end behind the upgrade is seen at once: ${place}, ${shards} shards`,
    options,
    async (t) => {
      await withEngine({ shards }, async ({ engine, port }) => {
        let entered = Promise.withResolvers<void>();
        let answer = Promise.withResolvers<unknown>();
        const authorize = ({ url }: { url: string }) => {
          if (url === '/v') return {};
          entered.resolve();
          return answer.promise;
        };
        await addServer(engine, place, VERBS, { endpoint: '/v', authorize, ...PATIENT });
        await using watcher = await VerbClient.open({ port }, '/v');
        await watcher.do('join', 'watchers');

        await t.test('in one go with it', async () => {
          await using client = await RawClient.connect(port);
          client.socket.end(upgradeRequest('/v'));
          await sawEnd(watcher);
          assert.match(await client.rest(), /^HTTP\/1\.1 101 /);
        });

        await t.test('in one go with it and with a message', async () => {
          await using client = await RawClient.connect(port);
          const message = text('iris-websocket-message:do;4;["toNative","watchers","heard"]');
          client.socket.end(Buffer.concat([Buffer.from(upgradeRequest('/v')), message]));
          assert.deepEqual(await sawEnd(watcher), ['heard']);
        });

        await t.test('while authorize takes its time', async () => {
          for (const end of ['end', 'destroy'] as const) {
            entered = Promise.withResolvers();
            answer = Promise.withResolvers();
            await using client = await RawClient.connect(port);
            client.send(upgradeRequest('/v?late'));
            await entered.promise;
            client.socket[end]();
            for (let turn = 0; turn < 50; turn++) await nextTurn(); // so that it may be there first
            answer.resolve({});
            if (end === 'end') await sawEnd(watcher);
          }
        });
      });
    },
  );
}

const skip = skippedOverTls('an app that has a server of its own speaks no TLS');

test("an end that the app's server has read is seen", { ...options, skip }, async () => {
  await using engine = new Engine({ shards: 1 });
  engine.on('error', (error) => assert.fail(error));
  const answer = Promise.withResolvers<unknown>();
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const server = engine.server({ endpoint: '/v', authorize: () => answer.promise, ...PATIENT });
  server.onConnection((connection) => connection.onDisconnect(({ code }) => end(code)));
  const app = createServer();
  const upgraded = Promise.withResolvers<Duplex>();
  app.on('upgrade', (_request, socket) => upgraded.resolve(socket));
  await engine.attach(app);
  await server.ready;
  await using client = await RawClient.connect(await listen(app));
  client.socket.end(upgradeRequest('/v'));
  const socket = await upgraded.promise;
  await until(() => socket.readableEnded);
  answer.resolve({});
  assert.equal(await ended, 1006);
  await engine.close();
  await closeServer(app);
});
