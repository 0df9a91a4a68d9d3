import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrowser } from '../fixtures/browser.ts';
import { addServer, withEngine } from '../kit/test-engine.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

test('a browser compresses, and is sent compressed messages', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const options = { endpoint: '/b', compression: true, maxMessageSize: 100_000 };
    await addServer(engine, 'module', VERBS, { ...options, origins: '*' });
    await using browser = await startBrowser();
    const page = await browser.newPage();
    const seen = await page.evaluate(async (url) => {
      const socket = new WebSocket(url);
      const next = (type: string) =>
        new Promise((resolve) => socket.addEventListener(type, resolve));
      await next('open');
      const echoes: boolean[] = [];
      for (const message of ['', 'short', 'long '.repeat(19_000), 'again '.repeat(300)]) {
        socket.send(message);
        const { data } = (await next('message')) as MessageEvent;
        echoes.push(data === message);
      }
      socket.close(1000);
      const { code } = (await next('close')) as CloseEvent;
      return { echoes, code, extensions: socket.extensions };
    }, `ws://127.0.0.1:${port}/b`);
    assert.deepEqual(seen.echoes, [true, true, true, true]);
    assert.equal(seen.code, 1000);
    assert.match(seen.extensions, /^permessage-deflate/);
  });
});
