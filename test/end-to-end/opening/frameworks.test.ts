import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import Fastify from 'fastify';
import { WebSocket } from 'ws';
import { Engine } from '../../../src/main/index.ts';
import { ExampleProcess } from '../fixtures/example-process.ts';
import { ask, closeServer, listen } from '../kit/http-server.ts';
import { upgradeRequest } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { leakCheck } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const options = { timeout: 30_000 };

for (const { script, page } of [
  { script: 'start:http', page: 'A chat is at /chat.' },
  { script: 'start:express', page: 'A chat: /chat' },
  { script: 'start:fastify', page: 'A chat: /chat' },
]) {
  test(`the example of npm run ${script} serves HTTP and WebSockets`, options, async () => {
    await using example = await ExampleProcess.start(2, '0', script);
    assert.ok((await (await fetch(example.url)).text()).includes(page));
    const served = await fetch(new URL('/iris-ws.js', example.url));
    assert.match(served.headers.get('content-type') ?? '', /^text\/javascript/);
    assert.match(await served.text(), /EVENT_PREFIX/);
    const port = Number(new URL(example.url).port);
    const clients = [
      await TestClient.open({ port }, '/chat'),
      await TestClient.open({ port }, '/chat'),
    ];
    clients[0]?.emit('chat', 'hello');
    for (const client of clients) assert.match(String(await client.next()), /: hello$/);
    if (script !== 'start:http') {
      const said = await fetch(new URL('/say/soon', example.url), { method: 'POST' });
      assert.equal(said.status, 204);
      for (const client of clients) assert.match(String(await client.next()), /chat;0;soon$/);
    } else {
      assert.match(await ask(port, upgradeRequest('/mine')), /^HTTP\/1\.1 418 Mine\r\n/);
    }
    const exit = example.stop();
    for (const client of clients) assert.equal((await client.closed()).code, 1001);
    assert.deepEqual(await exit, { code: 0, signal: null });
    assert.equal(example.complaints, '');
  });
}

test(
  'an engine is detached from Express and Fastify when it closes, and they go on',
  options,
  async () => {
    const leavesNothing = leakCheck();
    const app = express().get('/', (_request, response) => void response.send('the app'));
    const fastify = Fastify({ forceCloseConnections: true });
    fastify.get('/', (_request, reply) => reply.send('the app'));
    const server = createServer(app);
    const ports = [await listen(server)];
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    ports.push((fastify.server.address() as AddressInfo).port);
    for (let round = 0; round < 2; round++) {
      await using engine = new Engine({ shards: 1 });
      engine.server({ endpoint: '/v', handlers: VERBS });
      for (const attachable of [server, fastify.server]) await engine.attach(attachable);
      const clients = [];
      for (const port of ports) clients.push(await VerbClient.open({ port }, '/v'));
      await engine.close();
      for (const client of clients) assert.equal((await client.closed()).code, 1001);
      for (const attached of [server, fastify.server]) {
        assert.equal(attached.listening, true);
        assert.equal(attached.listenerCount('upgrade'), 0);
      }
      for (const port of ports) {
        assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'the app');
      }
    }
    await closeServer(server);
    await fastify.close();
    await leavesNothing();
  },
);

test(
  'behind a proxy that is trusted, address and host are those of the client',
  options,
  async () => {
    for (const [trustProxy, status, address] of [
      [1, 101, '203.0.113.9'],
      [['127.0.0.0/8'], 101, '203.0.113.9'],
      [['10.0.0.0/8'], 403, ''],
      [0, 403, ''],
    ] as const) {
      await using engine = new Engine({ shards: 0, trustProxy });
      const seen: string[] = [];
      const server = engine.server({ endpoint: '/v' });
      server.onConnection(({ request }) => void seen.push(request.remoteAddress));
      const { port } = await engine.listen(0, { host: '127.0.0.1' });
      // A proxy asks for a host of its own, and a browser shows where its page came from.
      const headers = {
        origin: 'https://chat.test',
        'x-forwarded-for': '6.6.6.6, 203.0.113.9',
        'x-forwarded-host': 'chat.test',
      };
      const client = new WebSocket(`ws://127.0.0.1:${port}/v`, { headers });
      const { promise, resolve } = Promise.withResolvers<number | undefined>();
      client.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
      client.on('open', () => resolve(101));
      client.on('error', () => {});
      assert.equal(await promise, status);
      assert.deepEqual(seen, status === 101 ? [address] : []);
      client.terminate();
    }
  },
);
