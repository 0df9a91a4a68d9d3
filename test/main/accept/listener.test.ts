import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import {
  createListener,
  listen,
  requestListener,
  resolveListenOptions,
} from '../../../src/main/accept/listener.ts';
import {
  type EngineOptions,
  resolveEngineOptions,
} from '../../../src/shared/options/engine-options.ts';
import { resolveServerOptions } from '../../../src/shared/options/server-options.ts';

/** A listener while it listens. */
async function withListener(
  options: EngineOptions,
  request: RequestListener | undefined,
  body: (url: string, server: Server) => Promise<void>,
): Promise<void> {
  const chat = resolveServerOptions({ endpoint: '/chat' });
  const serverAt = (endpoint: string) => (endpoint === '/chat' ? chat : undefined);
  const resolved = resolveEngineOptions(options);
  const server = createListener(resolved);
  server.on('request', requestListener(resolved, serverAt, request, assert.ifError));
  const { address, port } = (await listen(server, 0, '127.0.0.1')) as AddressInfo;
  await body(`http://${address}:${port}`, server);
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

test('the client script is served to GET and HEAD', async () => {
  await withListener({}, undefined, async (url) => {
    const got = await fetch(`${url}/iris-ws.js?v=1`);
    const script = Buffer.from(await got.arrayBuffer());
    assert.equal(got.status, 200);
    assert.equal(got.headers.get('content-length'), String(script.length));
    assert.equal(got.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
    const head = await fetch(`${url}/iris-ws.js`, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), String(script.length));
    assert.equal(await head.text(), '');
    const posted = await fetch(`${url}/iris-ws.js`, { method: 'POST', body: 'x' });
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  });
});

test('a plain request for an endpoint is told to upgrade', async () => {
  await withListener({}, undefined, async (url) => {
    const answer = await fetch(`${url}/chat?a=b`);
    assert.equal(answer.status, 426);
    assert.equal(answer.headers.get('upgrade'), 'websocket');
    assert.equal((await fetch(`${url}/chat/`)).status, 404);
  });
});

test('the app gets every request but those for the client script', async () => {
  const asked: (string | undefined)[] = [];
  const app: RequestListener = ({ url }, response) => {
    asked.push(url);
    response.end();
  };
  await withListener({ clientScriptPath: '/c.js' }, app, async (url) => {
    for (const path of ['/', '/chat', '/iris-ws.js', '/c.js']) {
      await (await fetch(url + path)).arrayBuffer();
    }
  });
  assert.deepEqual(asked, ['/', '/chat', '/iris-ws.js']);
});

test('limits of the engine hold for the HTTP server', async () => {
  const options = { maxHeaderBytes: 512, handshakeTimeout: 2 ** 31 - 1 };
  await withListener(options, undefined, async (url, server) => {
    assert.equal(server.headersTimeout, 2 ** 31 - 1);
    assert.equal((await fetch(url, { headers: { 'X-Fill': 'x'.repeat(512) } })).status, 431);
  });
  await withListener({ handshakeTimeout: 100 }, undefined, async (_url, server) => {
    assert.equal(server.headersTimeout, 100);
    // An app may take longer to be sent the body of a request.
    assert.equal(server.requestTimeout, 300_000);
  });
});

test('keepAliveTimeout is that of the HTTP server', () => {
  const resolved = resolveEngineOptions({});
  assert.equal(createListener(resolved, 75_000).keepAliveTimeout, 75_000);
  assert.equal(createListener(resolved).keepAliveTimeout, createServer().keepAliveTimeout);
});

test('a port that is taken is refused as Node.js refuses it', async () => {
  await withListener({}, undefined, async (url) => {
    const server = createListener(resolveEngineOptions({}));
    const { hostname, port } = new URL(url);
    await assert.rejects(listen(server, Number(port), hostname), { code: 'EADDRINUSE' });
  });
});

test('the options of listen are checked', () => {
  const request: RequestListener = () => {};
  const nothing = {
    host: undefined,
    request: undefined,
    tls: undefined,
    proxyProtocol: false,
    keepAliveTimeout: undefined,
  };
  assert.deepEqual(resolveListenOptions({}), nothing);
  const options = { host: '::1', request };
  assert.deepEqual(resolveListenOptions(options), { ...nothing, ...options });
  for (const [options, message] of [
    [{ request: 'app' }, /^request: 'app' is not a function/],
    [{ request: { handle: request } }, /^request: /],
    [{ host: 8080 }, /^host: 8080 is not a host name/],
    [{ host: '' }, /^host: ''/],
    [{ tls: 'a key' }, /^tls must be an object with key and cert$/],
    [
      { hostname: '::1' },
      /^hostname: no such option; there are host, request, tls, proxyProtocol, keepAliveTimeout$/,
    ],
    [{ proxyProtocol: 'v2' }, /^proxyProtocol: 'v2' is not true or false$/],
    [{ keepAliveTimeout: -1 }, /^keepAliveTimeout: -1 is not a whole number from 0 to 2147483647$/],
    ['localhost', /^options must be an object, not 'localhost'$/],
    [null, /^options must be an object/],
  ] as const) {
    const resolve = () => resolveListenOptions(options as never);
    assert.throws(resolve, { code: 'ERR_OPTION', message });
  }
});
