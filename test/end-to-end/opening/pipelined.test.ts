import { strict as assert } from 'node:assert';
import { createServer, type RequestListener } from 'node:http';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Engine } from '../../../src/main/index.ts';
import { text } from '../../conformance/client-frames.ts';
import { closeServer, listen } from '../kit/http-server.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';

const options = { timeout: 20_000 };
const LARGE = 'x'.repeat(2 ** 21);

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: example.com\r\n\r\n`;
}

/** Answers with the path, in a later turn than that in which an upgrade behind it is seen. */
const app: RequestListener = async ({ url }, response) => {
  for (let i = url === '/slower' ? 5 : 1; i > 0; i--) await nextTurn();
  const body = url === '/large' ? LARGE : String(url);
  response.writeHead(200, { 'Content-Length': body.length });
  response.end(body);
};

for (const way of ['listen', 'attach'] as const) {
  test(`an upgrade behind requests waits for their answers: ${way}`, options, async (t) => {
    await using engine = new Engine({ shards: 1 });
    engine.on('error', (error) => assert.fail(error));
    const server = engine.server({ endpoint: '/v' });
    server.onConnection((c) => c.onMessage((message) => c.emitMessage(message)));
    const own = createServer(app);
    let port: number;
    if (way === 'attach') {
      await engine.attach(own);
      port = await listen(own);
    } else {
      ({ port } = await engine.listen(0, { host: '127.0.0.1', request: app }));
    }

    for (const [title, paths] of [
      ['one', ['/first']],
      ['several', ['/slower', '/first', '/slower', '/second']],
      ['one with a large answer', ['/large']],
    ] as const) {
      await t.test(title, async () => {
        await using client = await RawClient.connect(port);
        const requests = paths.map(get).join('') + upgradeRequest('/v');
        client.send(Buffer.concat([Buffer.from(requests), text('one'), text('two')]));
        for (const path of paths) {
          assert.equal((await client.answer()).body, path === '/large' ? LARGE : path);
        }
        assert.match(await client.head(), /^HTTP\/1\.1 101 /);
        client.send(text('three'));
        for (const message of ['one', 'two', 'three']) {
          assert.equal(await client.message(), message);
        }
      });
    }

    await t.test('and so does a refusal', async () => {
      await using client = await RawClient.connect(port);
      client.send(get('/first') + upgradeRequest('/unknown'));
      assert.equal((await client.answer()).body, '/first');
      assert.match(await client.rest(), /^HTTP\/1\.1 404 /);
    });

    await t.test('and is none when the client has gone', async () => {
      const client = await RawClient.connect(port);
      client.send(get('/slower') + upgradeRequest('/v'));
      await client[Symbol.asyncDispose]();
      await using next = await RawClient.open(port, '/v');
      assert.equal(next.socket.destroyed, false);
    });

    await engine.close();
    if (way === 'attach') await closeServer(own);
  });
}
