import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Engine } from '../../../src/main/index.ts';
import { close, text } from '../../conformance/client-frames.ts';
import type { Verb } from '../fixtures/verbs.ts';
import { closeServer, listen } from '../kit/http-server.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, PLACES, SETUPS, withEngine } from '../kit/test-engine.ts';
import { skippedOverTls } from '../kit/transport.ts';
import { until } from '../kit/until.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const SLOW_MODULE = new URL('../fixtures/slow-module.ts', import.meta.url);

function messages(count: number, bytes: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i} `.padEnd(bytes, '.'));
}

function framesOf(contents: readonly string[]): Buffer {
  return Buffer.concat(contents.map((content) => text(content)));
}

function step(verb: Verb, ...args: unknown[]): string {
  return `iris-websocket-message:do;4;${JSON.stringify([verb, ...args])}`;
}

async function assertEchoes(client: RawClient, contents: readonly string[]): Promise<void> {
  assert.match(await client.head(), /^HTTP\/1\.1 101 /);
  for (const content of contents) assert.equal(await client.message(), content);
}

for (const { place, shards } of SETUPS) {
  test(`frames sent with the handshake arrive, in order: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      const contents = messages(60, 50);

      await t.test('in one segment with it', async () => {
        await using client = await RawClient.connect(port);
        client.send(Buffer.concat([Buffer.from(upgradeRequest('/v')), framesOf(contents)]));
        await assertEchoes(client, contents);
      });

      await t.test('cut anywhere', async () => {
        const bytes = Buffer.concat([Buffer.from(upgradeRequest('/v')), framesOf(contents)]);
        const handshakeBytes = upgradeRequest('/v').length;
        for (const cut of [-1, 0, 1, 2, 5, 6, 30, 56, 57, 1000]) {
          await using client = await RawClient.connect(port);
          client.send(bytes.subarray(0, handshakeBytes + cut));
          await nextTurn();
          client.send(bytes.subarray(handshakeBytes + cut));
          await assertEchoes(client, contents);
        }
      });

      await t.test('with the end behind them, and are answered', async () => {
        await using client = await RawClient.connect(port);
        client.socket.end(Buffer.concat([Buffer.from(upgradeRequest('/v')), framesOf(contents)]));
        await assertEchoes(client, contents);
        // Over TLS an end that comes during the upgrade is another matter.
        if (skippedOverTls('the end') !== false) return;
        assert.equal(await client.rest(), '', 'no close frame: there was none');
      });

      await t.test('with a close frame and the end behind them', async () => {
        await using watcher = await VerbClient.open({ port }, '/v');
        await watcher.do('join', 'room');
        await using client = await RawClient.connect(port);
        const steps = contents.map((content) => text(step('toNative', 'room', content)));
        const handshake = Buffer.from(upgradeRequest('/v'));
        client.socket.end(Buffer.concat([handshake, ...steps, close(1000)]));
        for (const content of contents) assert.equal(await watcher.next(), content);
        assert.match(await client.rest(), /^HTTP\/1\.1 101 /);
      });
    });
  });
}

for (const place of PLACES) {
  test(`frames sent while authorize takes its time arrive, in order: ${place}`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port }) => {
      const entered = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<unknown>();
      const authorize = () => {
        entered.resolve();
        return answer.promise;
      };
      await addServer(engine, place, VERBS, { endpoint: '/v', authorize });
      await using client = await RawClient.connect(port);
      // More than the primary's socket takes in while it is paused; some of it behind the request.
      const contents = messages(300, 1000);
      client.send(
        Buffer.concat([Buffer.from(upgradeRequest('/v')), framesOf(contents.slice(0, 10))]),
      );
      await entered.promise;
      const { promise: sent, resolve } = Promise.withResolvers<void>();
      client.socket.write(framesOf(contents.slice(10)), () => resolve());
      await sent;
      for (let turn = 0; turn < 10; turn++) await nextTurn(); // so that it takes in what it can
      answer.resolve({});
      await assertEchoes(client, contents);
    });
  });
}

const skip = skippedOverTls('an app that has a server of its own speaks no TLS');

test('frames that the primary has taken in behind the handshake arrive, in order', {
  skip,
}, async () => {
  await using engine = new Engine({ shards: 1 });
  engine.on('error', (error) => assert.fail(error));
  const answer = Promise.withResolvers<unknown>();
  const authorize = () => answer.promise;
  const server = engine.server({ endpoint: '/v', handlers: VERBS, authorize });
  const app = createServer();
  const upgraded = Promise.withResolvers<Duplex>();
  app.on('upgrade', (_request, socket) => upgraded.resolve(socket));
  await engine.attach(app);
  await server.ready;
  await using client = await RawClient.connect(await listen(app));
  const contents = messages(300, 1000);
  client.send(Buffer.concat([Buffer.from(upgradeRequest('/v')), framesOf(contents.slice(0, 1))]));
  const socket = await upgraded.promise;
  assert.equal(socket.readableLength, 0);
  client.send(framesOf(contents.slice(1, 3)));
  await until(() => socket.readableLength !== 0);
  client.send(framesOf(contents.slice(3)));
  answer.resolve({});
  await assertEchoes(client, contents);
  client.socket.destroy(); // it would not answer a close frame
  await engine.close();
  await closeServer(app);
});

test('a connection that comes before its server is ready waits for it', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const server = engine.server({ endpoint: '/slow', handlers: SLOW_MODULE });
    let isReady = false;
    const ready = server.ready.then(() => {
      isReady = true;
    });
    const clients = await Promise.all([RawClient.connect(port), RawClient.connect(port)]);
    const contents = messages(5, 10);
    for (const client of clients) {
      client.send(upgradeRequest('/slow'));
      client.send(framesOf(contents));
    }
    for (const client of clients) await assertEchoes(client, contents);
    await ready;
    assert.equal(isReady, true);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
});
