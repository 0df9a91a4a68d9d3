import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { test } from 'node:test';
import { Engine } from '../../../src/main/index.ts';
import { ask, closeServer, listen } from '../kit/http-server.ts';
import { upgradeRequest } from '../kit/raw-client.ts';
import { leakCheck } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const options = { timeout: 20_000 };

test(
  'an engine takes its own upgrades from an app, and leaves it the others',
  options,
  async () => {
    const leavesNothing = leakCheck();
    const app = createServer((_request, response) => response.end('the app'));
    const others: string[] = [];
    app.on('upgrade', ({ url }, socket) => {
      // As each listener gets each upgrade, an app looks for its own.
      if (url !== '/other') return;
      others.push(url);
      socket.end('HTTP/1.1 418 Mine\r\n\r\n');
    });
    await using engine = new Engine({ shards: 2 });
    engine.server({ endpoint: '/v', handlers: VERBS });
    await engine.attach(app);
    await engine.attach(app);
    const port = await listen(app);

    const clients = [await VerbClient.open({ port }, '/v'), await VerbClient.open({ port }, '/v')];
    for (const client of clients) await client.do('join', 'room');
    await clients[0]?.do('to', 'room', 'hello');
    for (const client of clients) assert.deepEqual(await client.next(), ['said', 'hello']);
    assert.match(await ask(port, upgradeRequest('/other')), /^HTTP\/1\.1 418 Mine\r\n/);
    assert.deepEqual(others, ['/other']);

    await engine.close();
    for (const client of clients) assert.equal((await client.closed()).code, 1001);
    assert.equal(app.listening, true);
    assert.equal(app.listenerCount('upgrade'), 1);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'the app');
    await closeServer(app);
    await leavesNothing();
  },
);

test(
  'an upgrade that nobody takes gets 404 from the only engine that is there',
  options,
  async () => {
    const leavesNothing = leakCheck();
    const app = createServer();
    await using engine = new Engine({ shards: 0 });
    await engine.attach(app);
    const port = await listen(app);
    assert.match(await ask(port, upgradeRequest('/v')), /^HTTP\/1\.1 404 Not Found\r\n/);
    await engine.close();
    await closeServer(app);
    await leavesNothing();
  },
);

test('an upgrade that comes while the shards start waits for them', options, async () => {
  const leavesNothing = leakCheck();
  const app = createServer();
  const port = await listen(app);
  await using engine = new Engine({ shards: 1 });
  engine.server({ endpoint: '/v', handlers: VERBS });
  const attached = engine.attach(app);
  const client = await VerbClient.open({ port }, '/v');
  assert.equal(await client.do('shard'), 1);
  await attached;
  await engine.close();
  await client.closed();
  await closeServer(app);
  await leavesNothing();
});

test('a server that speaks TLS is refused', options, async () => {
  const app = createTlsServer({ passphrase: 'a secret' });
  await using engine = new Engine({ shards: 0 });
  await assert.rejects(engine.attach(app), {
    code: 'ERR_OPTION',
    // What is in the server, its key and passphrase, is not in the error.
    message:
      /^attach: an instance of Server is not a .*let the engine speak TLS: engine\.listen\(port, \{ tls: \{ key, cert \}, request: app \}\)$/,
  });
  assert.equal(app.listenerCount('upgrade'), 0);
});
