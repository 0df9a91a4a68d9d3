import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startBrowser } from '../end-to-end/fixtures/browser.ts';
import { promised, SnippetApp, snippetsOf } from './snippet-app.ts';

const README = new URL('../../README.md', import.meta.url);
const MANIFEST = new URL('../../package.json', import.meta.url);

/** The lines of the blocks for a shell. */
async function shellLines(): Promise<string[]> {
  const text = await readFile(README, 'utf8');
  const blocks = Array.from(text.matchAll(/^```sh\n(.*?)^```$/gms), ([, block = '']) => block);
  return blocks.join('').trimEnd().split('\n');
}

/** Types a line into the page's input, as its reader is told to. */
async function say(page: Page, text: string): Promise<void> {
  await page.locator('input').fill(text);
  await page.locator('input').press('Enter');
}

describe('README.md', () => {
  let app: SnippetApp;
  let snippets: Map<string, string>;

  before(async () => {
    app = await SnippetApp.create(['express', 'fastify']);
    snippets = await snippetsOf('README.md');
    await app.add('readme', snippets);
  });

  after(() => app[Symbol.asyncDispose]());

  test('has code that type-checks as strictly as the repository', async () => {
    assert.equal(await app.complaints(), '');
  });

  test('its first server has a page, of which two tabs talk to each other', async () => {
    await using server = await app.start('readme', 'hello.ts');
    await using browser = await startBrowser();
    const tabs = [await browser.newPage(), await browser.newPage()] as const;
    for (const tab of tabs) {
      await tab.goto(`http://localhost:${server.ports[0]}`);
      await tab.waitForFunction("ws.state === 'connected'");
    }
    await say(tabs[0], 'roses');
    for (const tab of tabs) await tab.getByText('roses').waitFor();
    await say(tabs[1], 'violets');
    for (const tab of tabs) {
      await tab.getByText('violets').waitFor();
      assert.equal(await tab.locator('br').count(), 2, 'each message has its own line');
    }
  });

  test('its client prints from its server with a handler module what the page says', async () => {
    const code = snippets.get('client.ts') ?? assert.fail('there is no client.ts');
    await using server = await app.start('readme', 'server.ts');
    const [port = 0] = server.ports;
    assert.equal(promised(code).length, 3);
    assert.deepEqual(await app.runClient('readme', code, port), promised(code));
  });

  test('its server beside apps leaves them their requests, and has its endpoint on each', async () => {
    await using server = await app.start('readme', 'beside.ts', 2);
    const bodies = server.ports.map((port) => fetch(`http://localhost:${port}/`));
    const texts = (await Promise.all(bodies)).map((response) => response.text());
    assert.deepEqual(await Promise.all(texts), ['Express', 'Fastify']);
    for (const port of server.ports) {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const socket = new WebSocket(`ws://localhost:${port}/chat`);
      socket.onmessage = ({ data }) => resolve(data);
      socket.onopen = () => socket.send('iris-websocket-message:chat;0;hello');
      assert.equal(await promise, 'iris-websocket-message:chat;0;hello');
      socket.close();
    }
  });

  test('names scripts and a tarball that there are', async () => {
    const { name, version, scripts } = JSON.parse(await readFile(MANIFEST, 'utf8'));
    const text = await readFile(README, 'utf8');
    const lines = await shellLines();
    const named = [...text.matchAll(/(?<=^|`|&& )npm (?:run )?([a-z:-]+)/gm)].map(
      ([, script = '']) => script,
    );
    const builtIn = new Set(['install', 'init', 'pkg', 'pack']);
    const missing = named.filter((script) => !builtIn.has(script) && !(script in scripts));
    assert.deepEqual(missing, []);
    assert.ok(lines.some((line) => line.endsWith(`/${name}-${version}.tgz`)));
  });

  test('has at most 150 lines', async () => {
    assert.ok((await readFile(README, 'utf8')).split('\n').length <= 151);
  });

  test('says which Node.js it needs ahead of the first command', async () => {
    const { engines } = JSON.parse(await readFile(MANIFEST, 'utf8'));
    const text = await readFile(README, 'utf8');
    const versions = [...engines.node.matchAll(/(\d+\.\d+)\.0/g)].map(([, version]) => version);
    assert.deepEqual(versions, ['24.20', '26.6']);
    for (const version of versions) assert.ok(text.indexOf(version) < text.indexOf('```sh'));
  });
});
