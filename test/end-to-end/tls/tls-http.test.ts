import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type IncomingMessage, type RequestListener, Server, type ServerResponse } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import express from 'express';
import Fastify from 'fastify';
import { Engine } from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { leakCheck, withEngine } from '../kit/test-engine.ts';
import { identity, speakTls, tlsFile } from '../kit/transport.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

const CA = tlsFile('ca.pem');
const HOST = '127.0.0.1';
const MEBIBYTE = 2 ** 20;
const options = { timeout: 20_000 };

speakTls();

/** Runs `body` with an app behind an engine that speaks TLS. */
async function withApp(app: RequestListener, body: (port: number) => Promise<void>): Promise<void> {
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards: 2 });
  engine.server({ endpoint: '/v' });
  const { port } = await engine.listen(0, { host: HOST, request: app, tls: identity('first') });
  try {
    await body(port);
  } finally {
    await engine.close();
  }
  await leavesNothing();
}

async function ask(port: number, path: string, options: RequestOptions = {}, body?: Buffer) {
  const asking = request({ port, host: HOST, path, ca: CA, ...options });
  asking.end(body);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, body: Buffer.concat(await answer.toArray()), answer };
}

test('a plain request gets what it gets on a plain port', options, async () => {
  await withEngine({ shards: 2, maxHeaderBytes: 1024 }, async ({ engine, port }) => {
    engine.server({ endpoint: '/v' });
    const script = await ask(port, '/iris-ws.js');
    assert.equal(script.status, 200);
    assert.equal(script.answer.headers['content-length'], String(script.body.length));
    assert.ok(script.body.includes('EVENT_PREFIX'));
    assert.equal((await ask(port, '/v/iris-ws.js')).status, 200);
    assert.equal((await ask(port, '/v')).status, 426);
    assert.equal((await ask(port, '/')).status, 404);
    assert.equal((await ask(port, '/', { headers: { 'X-Fill': 'x'.repeat(1024) } })).status, 431);
  });
});

test('an app is asked on the primary, and sees that it was TLS', options, async () => {
  const app: RequestListener = async (incoming, response) => {
    const { encrypted, remoteAddress } = incoming.socket as TLSSocket;
    const body = Buffer.concat(await incoming.toArray());
    response.setHeader('X-Seen', JSON.stringify([encrypted, remoteAddress, incoming.method]));
    response.end(body);
  };
  await withApp(app, async (port) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const bytes of [0, 10, 3 * MEBIBYTE + 1]) {
      const sent = Buffer.alloc(bytes, 'fanring');
      const { body, answer } = await ask(port, '/echo', { agent, method: 'PUT' }, sent);
      assert.equal(answer.headers['x-seen'], '[true,"127.0.0.1","PUT"]');
      assert.ok(body.equals(sent));
    }
    assert.equal((await ask(port, '/v', { agent })).answer.headers['x-seen']?.length, 24);
    agent.destroy();
  });
});

test('a client that does not read an answer holds up the app that writes it', options, async () => {
  let written = 0;
  const begun = Promise.withResolvers<void>();
  const cut = Promise.withResolvers<void>();
  const app: RequestListener = ({ url }, response) => {
    if (url !== '/large') {
      response.end();
      return;
    }
    const fill = () => {
      while (written < 256 * MEBIBYTE) {
        written += MEBIBYTE;
        if (!response.write(Buffer.alloc(MEBIBYTE))) break;
      }
    };
    response.on('drain', fill);
    response.on('close', () => cut.resolve());
    fill();
    begun.resolve();
  };
  await withApp(app, async (port) => {
    const socket = connect({ port, host: HOST, ca: CA });
    socket.on('error', () => {});
    socket.pause();
    socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
    await begun.promise;
    for (let i = 0; i < 50; i++) await ask(port, '/');
    assert.ok(written > 0 && written <= 32 * MEBIBYTE, `${written} bytes were taken`);
    socket.destroy();
    await cut.promise;
  });
});

test('an app that does not read a request holds up the client that sends it', options, async () => {
  const entered = Promise.withResolvers<IncomingMessage>();
  const app: RequestListener = (incoming, response) => {
    if (incoming.method === 'POST') entered.resolve(incoming);
    else response.end();
  };
  await withApp(app, async (port) => {
    const socket = connect({ port, host: HOST, ca: CA });
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MEBIBYTE}\r\n\r\n`);
    socket.write(Buffer.alloc(64 * MEBIBYTE));
    const incoming = await entered.promise;
    for (let i = 0; i < 50; i++) await ask(port, '/');
    assert.ok(incoming.readableLength + incoming.socket.readableLength < MEBIBYTE);
    incoming.on('error', () => {}); // it is cut short
    socket.destroy();
    incoming.destroy();
  });
});

test('requests ahead of an upgrade are answered first, and it is taken then', options, async () => {
  const app: RequestListener = ({ url }, response) => {
    setImmediate(() => response.end(`you asked for ${url}`));
  };
  await withApp(app, async (port) => {
    await using client = await RawClient.connect(port);
    const gets = ['/1', '/2'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    client.send(gets.join('') + upgradeRequest('/v'));
    for (const path of ['/1', '/2']) {
      assert.equal((await client.answer()).body, `you asked for ${path}`);
    }
    assert.match(await client.head(), /^HTTP\/1\.1 101 /);
  });
});

test(
  'a connection that asks for nothing more is closed after keepAliveTimeout',
  options,
  async (t) => {
    const listening = t.mock.method(Server.prototype, 'listen');
    await withEngine({ shards: 1 }, async ({ port }) => {
      const server = listening.mock.calls[0]?.this as Server;
      server.keepAliveTimeout = 50;
      await using client = await RawClient.connect(port);
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(await client.rest(), /^HTTP\/1\.1 404 [\s\S]*Connection: keep-alive/);
    });
  },
);

test('who asks over a shard that dies is gone for the app', options, async () => {
  const leavesNothing = leakCheck();
  const entered = Promise.withResolvers<ServerResponse>();
  await using engine = new Engine({ shards: 1 });
  engine.on('shardExit', () => {});
  engine.server({ endpoint: '/v', handlers: VERBS });
  const { port } = await engine.listen(0, {
    host: HOST,
    request: (_request, response) => entered.resolve(response),
    tls: identity('first'),
  });
  await using asking = await RawClient.connect(port);
  asking.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const cut = once(await entered.promise, 'close');
  await using killer = await VerbClient.open({ port }, '/v');
  killer.ask('die');
  await cut;
  assert.equal(await asking.rest(), '');
  for (const client of [asking, killer]) await client[Symbol.asyncDispose]();
  await engine.close();
  await leavesNothing();
});

for (const framework of ['Express', 'Fastify']) {
  test(`${framework} answers on a TLS port, and knows that it is one`, options, async () => {
    const fastify = Fastify();
    fastify.get('/', (asked, reply) => reply.send(`${asked.protocol} ${asked.ip}`));
    await fastify.ready();
    const routing: RequestListener = (asked, response) => fastify.routing(asked, response);
    const app = express().get('/', ({ protocol, ip }, response) => {
      response.send(`${protocol} ${ip}`);
    });
    await withApp(framework === 'Express' ? app : routing, async (port) => {
      assert.equal(String((await ask(port, '/')).body), 'https 127.0.0.1');
    });
    await fastify.close();
  });
}
