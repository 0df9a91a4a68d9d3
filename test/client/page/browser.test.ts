import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { buildClient } from '../../../scripts/build-client.ts';
import type { Ws } from '../../../src/client/index.ts';
import { type Connection, Engine } from '../../../src/main/index.ts';
import { startBrowser } from '../../end-to-end/fixtures/browser.ts';
import { restartPort } from '../../end-to-end/fixtures/restart-port.ts';
import { Told } from '../connect.ts';

const PAGE =
  '<!doctype html><link rel="icon" href="data:,"><script src="/chat/iris-ws.js"></script>';

/** What the page of the test has, beside what every page has. */
interface Page {
  answers: Promise<string[]>;
  Ws: typeof Ws;
  clients: Record<string, Ws>;
}

before(() => buildClient());

async function startEngine(port: number, onConnection = (_: Connection) => {}) {
  const engine = new Engine({ shards: 0 });
  const options = { endpoint: '/chat', codec: 'negotiate', eventPrefix: 'chat:' } as const;
  const server = engine.server(options);
  server.onConnection(onConnection);
  const connections = new Told<Connection>((fn) => server.onConnection(fn));
  const address = await engine.listen(port, {
    host: '127.0.0.1',
    request: (_, response) => response.setHeader('Content-Type', 'text/html').end(PAGE),
  });
  return { engine, server, connections, port: address.port };
}

test('in a browser both codecs come back after a restart, with what was emitted meanwhile', async () => {
  await using browser = await startBrowser();
  const first = await startEngine(await restartPort());
  await using _first = first.engine;
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${first.port}/`);
  await page.evaluate(() => {
    const { Ws } = globalThis as unknown as Page;
    const reconnect = { minDelayMs: 10, maxDelayMs: 50 };
    const clients: Page['clients'] = {};
    for (const codec of ['text', 'msgpack'] as const) {
      const ws = new Ws('/chat', null, { codec, reconnect });
      ws.on('reverse', (bytes: Uint8Array) => bytes.toReversed());
      clients[codec] = ws;
    }
    Object.assign(globalThis, { clients });
  });
  for (let i = 0; i < 2; i++) {
    const connection = await first.connections.next();
    const answer = await connection.emitWithAck('reverse', new Uint8Array([1, 2]));
    assert.deepEqual(answer, new Uint8Array([2, 1]));
  }

  await first.engine.close();
  // Only then is what it emits without a connection.
  await page.waitForFunction(() =>
    Object.values((globalThis as unknown as Page).clients).every(
      ({ state }) => state === 'reconnecting',
    ),
  );
  // Before there is a server again: what is volatile is lost then.
  await page.evaluate(() => {
    const { clients } = globalThis as unknown as Page;
    const asked = Object.values(clients).map(async (ws) => {
      for (const n of [1, 2, 3]) ws.emit('n', n);
      ws.volatile.emit('n', 0);
      return String(await ws.emitWithAck('reverse', new Uint8Array([3, 4])));
    });
    Object.assign(globalThis, { answers: Promise.all(asked) });
  });
  const seen = new Map<Connection, number[]>();
  const second = await startEngine(first.port, (connection) => {
    const numbers: number[] = [];
    seen.set(connection, numbers);
    connection.on('n', (n: number) => void numbers.push(n));
    connection.on('reverse', (bytes: Uint8Array) => bytes.toReversed());
  });
  await using _ = second.engine;
  const answers = await page.evaluate(() => (globalThis as unknown as Page).answers);
  assert.deepEqual(answers, ['4,3', '4,3']);
  const all = [1, 2, 3];
  assert.deepEqual([...seen.values()], [all, all]);
});
