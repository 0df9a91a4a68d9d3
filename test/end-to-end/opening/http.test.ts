import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { ServerOptions } from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { type TestEngine, withEngine } from '../kit/test-engine.ts';

interface Refused {
  readonly title: string;
  readonly path?: string;
  readonly options?: ServerOptions;
  readonly headers?: Record<string, string>;
  /** The request line, where it is not `GET <path> HTTP/1.1`. */
  readonly line?: string;
  /** What is sent behind the request's head. */
  readonly behind?: string;
  readonly status: string;
  readonly body: string;
  /** Headers beside those that every refusal has. */
  readonly extra?: string;
}

const REFUSED: readonly Refused[] = [
  {
    title: 'an unknown path with 404',
    path: '/unknown',
    status: '404 Not Found',
    body: 'Not Found',
  },
  {
    title: 'a path that only begins like an endpoint with 404',
    path: '/w/',
    status: '404 Not Found',
    body: 'Not Found: the endpoint is /w',
  },
  {
    title: 'a missing key with 400',
    headers: { 'Sec-WebSocket-Key': '' },
    status: '400 Bad Request',
    body: 'Sec-WebSocket-Key must be 16 bytes in base64',
  },
  {
    title: 'a key of other than 16 bytes with 400',
    headers: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' },
    status: '400 Bad Request',
    body: 'Sec-WebSocket-Key must be 16 bytes in base64',
  },
  {
    title: 'malformed subprotocols with 400',
    headers: { 'Sec-WebSocket-Protocol': 'a b' },
    status: '400 Bad Request',
    body: 'Sec-WebSocket-Protocol is malformed',
  },
  {
    title: 'another version with 426, and says which one it speaks',
    headers: { 'Sec-WebSocket-Version': '8' },
    status: '426 Upgrade Required',
    body: 'Upgrade Required',
    extra: 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n',
  },
  {
    title: 'no version with 426',
    headers: { 'Sec-WebSocket-Version': '' },
    status: '426 Upgrade Required',
    body: 'Upgrade Required',
    extra: 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n',
  },
  {
    title: 'a method that is not GET with 405',
    line: 'POST /w HTTP/1.1',
    status: '405 Method Not Allowed',
    body: 'Method Not Allowed',
    extra: 'Allow: GET\r\n',
  },
  {
    title: 'a body of some length with 400',
    headers: { 'Content-Length': '5' },
    behind: 'hello',
    status: '400 Bad Request',
    body: 'an upgrade has no body',
  },
  {
    title: 'a body in chunks with 400',
    headers: { 'Transfer-Encoding': 'chunked' },
    behind: '5\r\nhello\r\n0\r\n\r\n',
    status: '400 Bad Request',
    body: 'an upgrade has no body',
  },
  {
    title: 'a foreign origin with 403',
    headers: { Origin: 'http://evil.example' },
    status: '403 Forbidden',
    body: "Origin not allowed: the server's option `origins` does not include it",
  },
  {
    title: 'whom authorize does not want with 401',
    options: { authorize: () => false },
    status: '401 Unauthorized',
    body: 'Unauthorized',
  },
  {
    title: 'whom authorize refuses with a status with that',
    options: {
      authorize: async () => {
        throw Object.assign(new Error('come back ✓'), { status: 402 });
      },
    },
    status: '402 Payment Required',
    body: Buffer.from('come back ✓').toString('latin1'),
  },
];

test('an upgrade that is refused gets a status and a short body', async (t) => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    for (const { title, path = '/w', options, headers, line, behind = '', ...answer } of REFUSED) {
      await t.test(title, async () => {
        const server = engine.server({ endpoint: '/w', ...options });
        await using client = await RawClient.connect(port);
        const request = upgradeRequest(path, headers);
        client.send((line === undefined ? request : request.replace(/^.*(?=\r)/, line)) + behind);
        assert.equal(await client.rest(), refusal(answer));
        await server.close();
      });
    }
  });
});

function refusal({ status, body, extra = '' }: Pick<Refused, 'status' | 'body' | 'extra'>) {
  return (
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${body.length}\r\n${extra}\r\n${body}`
  );
}

test('the answer to a handshake is the 101 of RFC 6455, with the headers of the server', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const headers = { 'X-One': '1', Server: 'fanring test' };
    await engine.server({ endpoint: '/w', headers, protocols: ['chat', 'v2'] }).ready;
    await using client = await RawClient.connect(port);
    client.send(upgradeRequest('/w?a=/b', { 'Sec-WebSocket-Protocol': 'v1, v2, chat' }));
    assert.equal(
      await client.head(),
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: v2\r\n' +
        'X-One: 1\r\nServer: fanring test\r\n\r\n',
    );
    await using other = await RawClient.connect(port);
    other.send(upgradeRequest('/w', { 'Sec-WebSocket-Protocol': 'v1' }));
    assert.doesNotMatch(await other.head(), /sec-websocket-protocol/i);
  });
});

test('a kept-alive connection that has served requests is upgraded like a fresh one', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const server = engine.server({ endpoint: '/w' });
    server.onConnection((c) => c.emitMessage('hello'));
    await server.ready;
    await using client = await RawClient.connect(port);
    client.send('HEAD /iris-ws.js HTTP/1.1\r\nHost: example.com\r\n\r\n');
    assert.match(await client.head(), /^HTTP\/1\.1 200 OK\r\n/);
    await client.upgrade('/w');
    assert.equal(await client.message(), 'hello');
  });
});

test('plain requests are answered without an app', async (t) => {
  await withEngine({ shards: 0 }, async (context) => {
    await context.engine.server({ endpoint: '/w' }).ready;
    await checkAnswer(t, context, '/w', 426, 'Upgrade Required');
    await checkAnswer(t, context, '/w?x=1', 426, 'Upgrade Required');
    await checkAnswer(t, context, '/', 404, 'Not Found');
    const script = await fetch(`http://127.0.0.1:${context.port}/iris-ws.js`);
    assert.equal(script.status, 200);
    assert.match(await script.text(), /Ws/);
  });
});

test('plain requests go to the app, but for the client script', async (t) => {
  await withEngine({ shards: 0, clientScriptPath: '/ws/client.js' }, async ({ engine }) => {
    await engine.server({ endpoint: '/w' }).ready;
    const { port } = await engine.listen(0, {
      host: '127.0.0.1',
      request: ({ url }, response) => response.writeHead(203).end(`the app at ${url}`),
    });
    for (const path of ['/', '/w', '/iris-ws.js', '/ws/client.js/']) {
      await checkAnswer(t, { port }, path, 203, `the app at ${path}`);
    }
    const script = await fetch(`http://127.0.0.1:${port}/ws/client.js`);
    assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
    // What asks for an upgrade to something else is a plain request, too.
    await using client = await RawClient.connect(port);
    client.send('GET /h2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    assert.match(await client.head(), /^HTTP\/1\.1 203 /);
  });
});

test('the client script is nowhere where its path is empty', async (t) => {
  await withEngine({ shards: 0, clientScriptPath: '' }, async (context) => {
    await checkAnswer(t, context, '/iris-ws.js', 404, 'Not Found');
    await checkAnswer(t, context, '/', 404, 'Not Found');
  });
});

test('a handshake of more than maxHeaderBytes is refused with 431', async () => {
  await withEngine({ shards: 0, maxHeaderBytes: 512 }, async ({ engine, port }) => {
    await engine.server({ endpoint: '/w' }).ready;
    await using small = await RawClient.open(port, '/w', { 'X-Fill': 'x'.repeat(200) });
    await using large = await RawClient.connect(port);
    large.send(upgradeRequest('/w', { 'X-Fill': 'x'.repeat(512) }));
    assert.match(await large.rest(), /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
    assert.equal(small.socket.destroyed, false);
  });
});

test('a handshake that takes longer than handshakeTimeout is refused with 408', async () => {
  await withEngine({ shards: 0, handshakeTimeout: 40 }, async ({ engine, port }) => {
    await engine.server({ endpoint: '/w' }).ready;
    await using client = await RawClient.connect(port);
    client.send(upgradeRequest('/w').slice(0, -2));
    assert.match(await client.rest(), /^HTTP\/1\.1 408 Request Timeout\r\n/);
  });
});

test('handshakeTimeout may be anything that it says it may', async () => {
  await withEngine({ shards: 0, handshakeTimeout: 2 ** 31 - 1 }, async ({ engine, port }) => {
    await engine.server({ endpoint: '/w' }).ready;
    await using client = await RawClient.open(port, '/w');
    assert.equal(client.socket.destroyed, false);
  });
});

test('a client that goes away during its handshake is of no consequence', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const entered = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<unknown>();
    const server = engine.server({
      endpoint: '/w',
      authorize: ({ url }) => {
        if (!url.endsWith('?gone')) return {};
        entered.resolve();
        return answer.promise;
      },
    });
    server.onConnection((c) => c.onMessage((message) => c.emitMessage(message)));
    await server.ready;
    const gone = await RawClient.connect(port);
    gone.send(upgradeRequest('/w?gone'));
    await entered.promise;
    gone.socket.resetAndDestroy();
    await once(gone.socket, 'close');
    answer.resolve({});
    await using client = await RawClient.open(port, '/w');
    assert.equal(client.socket.destroyed, false);
  });
});

async function checkAnswer(
  t: TestContext,
  { port }: Pick<TestEngine, 'port'>,
  path: string,
  status: number,
  body: string,
): Promise<void> {
  await t.test(`${path} with ${status}`, async () => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    assert.equal(response.status, status);
    assert.equal(await response.text(), body);
  });
}
