import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { isWebSocket, takeUpgrades } from '../../../src/main/accept/http-upgrades.ts';
import { hostOf, pathOf } from '../../../src/main/accept/request-target.ts';
import { ask, closeServer, listen } from '../../end-to-end/kit/http-server.ts';
import { upgradeRequest } from '../../end-to-end/kit/raw-client.ts';

test('the path of a request is what comes before its query', () => {
  for (const [url, path] of [
    ['/', '/'],
    ['/chat', '/chat'],
    ['/chat?a=/b?c', '/chat'],
    ['/chat/?', '/chat/'],
    ['//host/chat', '//host/chat'],
    ['http://host/chat?a=b', '/chat'],
    ['http://host', '/'],
    ['http://host?a=/b', '/'],
    ['HTTP://[::1]:80/chat', '/chat'],
    ['http://host/x/../chat', '/x/../chat'],
    ['http:///chat', undefined],
    ['host:80', undefined],
    ['?a', undefined],
    ['*', undefined],
    ['', undefined],
    [undefined, undefined],
  ]) {
    assert.equal(pathOf(url), path, `the path of ${url}`);
  }
});

test('the host of a request is that of an absolute URL', () => {
  for (const [url, host] of [
    ['/chat', undefined],
    ['http://host/chat', 'host'],
    ['http://host:81?a=/b', 'host:81'],
    ['WS://me:too@[::1]:80/chat', '[::1]:80'],
    ['//host/chat', undefined],
    ['*', undefined],
    [undefined, undefined],
  ]) {
    assert.equal(hostOf(url), host, `the host of ${url}`);
  }
});

test('a 404 names the endpoint that differs in a slash', async () => {
  const server = createServer();
  const release = takeUpgrades(server, (path) => (path === '/v' ? () => {} : undefined), 1_000);
  const port = await listen(server);
  assert.match(await ask(port, upgradeRequest('/v/')), /\r\n\r\nNot Found: the endpoint is \/v$/);
  assert.match(await ask(port, upgradeRequest('/w')), /\r\n\r\nNot Found$/);
  release();
  await closeServer(server);
});

test('Upgrade is a list of protocols', () => {
  const isIt = (upgrade: string | undefined) =>
    isWebSocket({ headers: { ...(upgrade !== undefined && { upgrade }) } });
  for (const upgrade of [
    'websocket',
    'WebSocket',
    'h2c, websocket',
    ',websocket ,',
    'a,\tWebsocket',
  ]) {
    assert.equal(isIt(upgrade), true, upgrade);
  }
  for (const upgrade of [
    undefined,
    '',
    'h2c',
    'websockets',
    'web socket',
    'websocket;a',
    'a websocket',
  ]) {
    assert.equal(isIt(upgrade), false, String(upgrade));
  }
});

/** An upgrade behind a request that is not answered, when the server has seen it. */
async function behindRequest(server: HttpServer, path: string): Promise<Socket> {
  const { port } = server.address() as { port: number };
  const seen = once(server, 'request'); // they come in one chunk
  const client = connect(port, '127.0.0.1');
  client.on('error', () => {}); // it may be reset
  client.resume();
  client.write(`GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${upgradeRequest(path)}`);
  await seen;
  return client;
}

test('an upgrade that waits for answers is cut when its engine takes no more', async () => {
  const server = createServer(() => {});
  await listen(server);
  const one = takeUpgrades(server, (path) => (path === '/1' ? () => {} : undefined), 10_000);
  const two = takeUpgrades(server, (path) => (path === '/2' ? () => {} : undefined), 10_000);
  const first = await behindRequest(server, '/1');
  const second = await behindRequest(server, '/2');
  const unknown = await behindRequest(server, '/3');
  one();
  await once(first, 'close');
  assert.deepEqual([second.destroyed, unknown.destroyed], [false, false]);
  two();
  await Promise.all([once(second, 'close'), once(unknown, 'close')]);
  await closeServer(server);
});

test('an upgrade does not wait for answers for ever, whether its client has gone or not', async () => {
  let taken = 0;
  const server = createServer(() => {});
  await listen(server);
  const release = takeUpgrades(server, () => () => void taken++, 50);
  const stays = await behindRequest(server, '/chat');
  const leaves = await behindRequest(server, '/chat');
  leaves.end();
  await Promise.all([stays, leaves].map((client) => client.closed || once(client, 'close')));
  release();
  await closeServer(server); // which waits for every connection
  assert.equal(taken, 0);
});
