import { strict as assert } from 'node:assert';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Server as HttpServer, type RequestListener, type ServerResponse } from 'node:http';
import { mock, test } from 'node:test';
import { Engine } from '../../../src/main/index.ts';
import { RawClient } from '../kit/raw-client.ts';
import { leakCheck } from '../kit/test-engine.ts';
import { listenOptions } from '../kit/transport.ts';

const options = { timeout: 20_000 };
/** Longer than a test may take: what waits for it fails. */
const PATIENT = { timeoutMs: 60_000 };
const POST = 'POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx';
const GET = 'GET /idle HTTP/1.1\r\nHost: a\r\n\r\n';
const LARGE = 8 * 2 ** 20; // bytes: more than the buffers of a loopback connection

/** An app that answers `/order` when it is told to, and all else at once. */
class Orders {
  readonly #arrived: ServerResponse[] = [];
  #onArrival: () => void = () => {};

  readonly request: RequestListener = (incoming, response) => {
    if (incoming.url !== '/order') {
      response.end('idle');
      return;
    }
    this.#arrived.push(response);
    this.#onArrival();
  };

  /** The next order, as soon as it is there. */
  async next(): Promise<ServerResponse> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onArrival = resolve;
    if (this.#arrived.length === 0) await promise;
    return this.#arrived.shift() as ServerResponse;
  }
}

interface Shop {
  readonly engine: Engine;
  readonly orders: Orders;
  readonly port: number;
  connect(): Promise<RawClient>;
  /** A client that has ordered, and what it waits for. */
  buy(): Promise<{ buyer: RawClient; order: ServerResponse }>;
}

async function withShop(shards: number, body: (shop: Shop) => Promise<void>): Promise<void> {
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards, handshakeTimeout: 60_000 });
  engine.server({ endpoint: '/w', closeTimeout: 60_000 });
  const orders = new Orders();
  const listening = mock.method(HttpServer.prototype, 'listen');
  const { port } = await engine.listen(0, { ...listenOptions(), request: orders.request });
  (listening.mock.calls[0]?.this as HttpServer).keepAliveTimeout = 60_000; // does not end them
  listening.mock.restore();
  const clients: RawClient[] = [];
  const connect = async () => {
    const client = await RawClient.connect(port);
    clients.push(client);
    return client;
  };
  const buy = async () => {
    const buyer = await connect();
    buyer.send(POST);
    return { buyer, order: await orders.next() };
  };
  try {
    await body({ engine, orders, port, connect, buy });
  } finally {
    for (const client of clients) await client[Symbol.asyncDispose]();
  }
  await engine.close();
  await leavesNothing();
}

for (const shards of [0, 2]) {
  test(`what is being answered when an engine closes is answered: ${shards} shards`, options, () =>
    withShop(shards, async ({ engine, orders, port, connect }) => {
      const buyer = await connect();
      buyer.send(POST);
      const order = await orders.next();
      const idle = await connect();
      idle.send(GET);
      assert.equal((await idle.answer()).body, 'idle');
      const tab = await connect();
      await tab.upgrade('/w');
      let isClosed = false;
      const closing = engine.close(PATIENT).then(() => {
        isClosed = true;
      });
      assert.equal(await idle.rest(), '', 'who waits for nothing ends at once');
      await assert.rejects(RawClient.connect(port), { code: 'ECONNREFUSED' });
      assert.equal((await tab.closeFrame()).code, 1001);
      await tab[Symbol.asyncDispose]();
      assert.equal(isClosed, false);
      order.end('placed');
      const { head, body } = await buyer.answer();
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/);
      assert.equal(body, 'placed');
      assert.equal(await buyer.rest(), '');
      await closing;
    }),
  );
}

test('an answer whose head has gone is given to its end, and its connection ends', options, () =>
  withShop(1, async ({ engine, buy }) => {
    const { buyer: reader, order } = await buy();
    const { buyer: other, order: last } = await buy();
    order.setHeader('Content-Length', 5).write('be');
    assert.match(await reader.head(), /Connection: keep-alive/);
    const closing = engine.close(PATIENT);
    order.end('gun');
    assert.equal(await reader.rest(), 'begun');
    last.end();
    assert.match(await other.rest(), /^HTTP\/1\.1 200 /);
    await closing;
  }),
);

test('an answer that was given just before an engine closes arrives whole', options, () =>
  withShop(1, async ({ engine, buy }) => {
    const { buyer: reader, order } = await buy();
    const { buyer: other, order: last } = await buy();
    order.end(Buffer.alloc(LARGE, 'x'));
    const closing = engine.close(PATIENT);
    last.end('placed'); // which has come while the other is on its way
    assert.equal((await other.answer()).body, 'placed');
    const { body } = await reader.answer();
    assert.ok(body === 'x'.repeat(LARGE));
    await closing;
  }),
);

test('answers to requests that came one behind the other all arrive', options, () =>
  withShop(1, async ({ engine, orders, port, connect }) => {
    const buyer = await connect();
    buyer.send(POST + POST);
    const both = [await orders.next(), await orders.next()];
    const closing = engine.close(PATIENT);
    await assert.rejects(RawClient.connect(port), { code: 'ECONNREFUSED' });
    for (const [at, order] of both.reverse().entries()) order.end(`${2 - at}`);
    assert.deepEqual([(await buyer.answer()).body, (await buyer.answer()).body], ['1', '2']);
    assert.equal(await buyer.rest(), '');
    await closing;
  }),
);

test('a request that comes after an engine has begun to close gets 503', options, () =>
  withShop(1, async ({ engine, buy }) => {
    const { buyer, order } = await buy();
    order.setHeader('Content-Length', 6).write('pl');
    await buyer.head(); // which said that the connection may ask for more
    const closing = engine.close(PATIENT);
    const arrived = Promise.withResolvers<unknown>();
    subscribe('http.server.request.start', arrived.resolve);
    buyer.send(POST);
    await arrived.promise;
    unsubscribe('http.server.request.start', arrived.resolve);
    order.end('aced');
    const rest = await buyer.rest();
    assert.match(rest, /^placedHTTP\/1\.1 503 (.*\r\n)*Connection: close\r\n/);
    await closing;
  }),
);

test('what has not been answered after timeoutMs is cut', options, () =>
  withShop(1, async ({ engine, buy }) => {
    const { buyer, order } = await buy();
    const cut = once(order, 'close');
    await engine.close({ timeoutMs: 50 });
    await cut;
    assert.equal(await buyer.rest(), '');
  }),
);
