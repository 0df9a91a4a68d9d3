import { strict as assert } from 'node:assert';
import { createServer, type Server } from 'node:http';
import { test } from 'node:test';
import { Engine } from '../../../src/main/index.ts';
import { ask, closeServer, listen } from '../kit/http-server.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { leakCheck } from '../kit/test-engine.ts';

const options = { timeout: 20_000 };
const APP = /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*\r\nthe app$/;

function h2cRequest(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade, HTTP2-Settings\r\n` +
    'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n'
  );
}

function createApp(): Server {
  return createServer((_request, response) => {
    response.writeHead(200, { Connection: 'close', 'Content-Length': 7 });
    response.end('the app');
  });
}

/** An engine without threads, whose one server says its own endpoint to whoever connects. */
async function attach(app: Server, endpoint: string): Promise<Engine> {
  const engine = new Engine({ shards: 0 });
  engine.on('error', (error) => assert.fail(error));
  engine.server({ endpoint }).onConnection((c) => c.emitMessage(endpoint));
  await engine.attach(app);
  return engine;
}

async function assertGreets(port: number, endpoint: string): Promise<void> {
  await using client = await RawClient.open(port, endpoint);
  assert.equal(await client.message(), endpoint);
}

for (const order of ['in the order they came', 'in reverse']) {
  test(`two engines share an HTTP server, and leave it ${order}`, options, async () => {
    const leavesNothing = leakCheck();
    const app = createApp();
    const ownChoice = (app as never as Record<string, unknown>).shouldUpgradeCallback;
    await using one = await attach(app, '/a');
    await using two = await attach(app, '/b');
    const engines = [one, two];
    const paths = ['/a', '/b'];
    const port = await listen(app);
    for (const path of paths) await assertGreets(port, path);
    assert.match(
      await ask(port, upgradeRequest('/c')),
      /^HTTP\/1\.1 404 Not Found\r\n(.*\r\n)*\r\nNot Found$/,
    );

    if (order === 'in reverse') for (const list of [engines, paths]) list.reverse();
    await engines[0]?.close();
    assert.match(await ask(port, upgradeRequest(paths[0] as string)), /^HTTP\/1\.1 404 /);
    await assertGreets(port, paths[1] as string);
    await engines[1]?.close();
    // As Node.js answers an upgrade that nobody listens to.
    for (const path of paths) assert.match(await ask(port, upgradeRequest(path)), APP);
    assert.deepEqual([app.listenerCount('upgrade'), app.listenerCount('request')], [0, 1]);
    assert.equal((app as never as Record<string, unknown>).shouldUpgradeCallback, ownChoice);

    const again = await attach(app, '/a');
    await assertGreets(port, '/a');
    await again.close();
    await closeServer(app);
    await leavesNothing();
  });
}

test('a request for h2c is answered by the app, as if there were no engine', options, async () => {
  const app = createApp();
  const port = await listen(app);
  assert.match(await ask(port, h2cRequest('/a')), APP);
  await using engine = await attach(app, '/a');
  for (const path of ['/a', '/other']) assert.match(await ask(port, h2cRequest(path)), APP);
  await assertGreets(port, '/a');
  await engine.close();
  await closeServer(app);
});

test('what the engine does not take is for the upgrade listeners of the app', options, async () => {
  const app = createApp();
  const seen: string[] = [];
  app.on('upgrade', ({ url = '', headers }, socket) => {
    if (url === '/a' && headers.upgrade === 'websocket') return;
    seen.push(`${headers.upgrade} ${url}`);
    // Later: nobody else may have answered in the meantime.
    setImmediate(() => socket.end('HTTP/1.1 418 Mine\r\n\r\n'));
  });
  const port = await listen(app);
  await using engine = await attach(app, '/a');
  await assertGreets(port, '/a');
  for (const request of [h2cRequest('/a'), h2cRequest('/b'), upgradeRequest('/b')]) {
    assert.match(await ask(port, request), /^HTTP\/1\.1 418 Mine\r\n\r\n$/);
  }
  assert.deepEqual(seen, ['h2c /a', 'h2c /b', 'websocket /b']);
  await engine.close();
  assert.match(await ask(port, upgradeRequest('/b')), /^HTTP\/1\.1 418 /);
  await closeServer(app);
});

test('what the app does not want to upgrade it answers, but for endpoints', options, async () => {
  const app = createServer({ shouldUpgradeCallback: () => false } as object, (_, response) => {
    response.writeHead(200, { Connection: 'close', 'Content-Length': 7 });
    response.end('the app');
  });
  app.on('upgrade', ({ url }) => assert.equal(url, '/a'));
  const port = await listen(app);
  await using engine = await attach(app, '/a');
  await assertGreets(port, '/a');
  assert.match(await ask(port, upgradeRequest('/b')), APP);
  await engine.close();
  assert.match(await ask(port, upgradeRequest('/a')), APP);
  await closeServer(app);
});

test('an engine that closes while it attaches takes nothing from another', options, async () => {
  const leavesNothing = leakCheck();
  const app = createApp();
  Object.assign(app, { shouldUpgradeCallback: () => false });
  await using one = new Engine({ shards: 0 });
  const attaching = assert.rejects(one.attach(app), { code: 'ERR_ENGINE_CLOSED' });
  const closing = one.close();
  await using two = await attach(app, '/b');
  await attaching;
  await closing;
  await assertGreets(await listen(app), '/b');
  await two.close();
  await closeServer(app);
  await leavesNothing();
});
