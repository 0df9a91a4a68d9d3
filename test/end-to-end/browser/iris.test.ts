import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { startBrowser } from '../fixtures/browser.ts';
import { ExampleProcess } from '../fixtures/example-process.ts';
import { IrisTab } from '../fixtures/iris-tab.ts';
import { TestClient } from '../kit/test-client.ts';

const SECRET = 'fbd3c8';

const open = new AsyncDisposableStack();
let context: BrowserContext;

before(async () => {
  const browser = open.use(await startBrowser());
  context = await browser.newContext();
  context.setDefaultTimeout(20_000);
});
after(() => open.disposeAsync());

describe('the chat room of iris', () => {
  let example: ExampleProcess;

  before(async () => {
    example = open.use(await ExampleProcess.start(2, '0', 'start:iris'));
  });
  after(() => endWell(example));

  test('has a page that is written as for iris', async () => {
    const page = await (await fetch(example.url)).text();
    assert.ok(page.includes('ws = new Ws("ws://" + HOST + "/my_endpoint");'));
    for (const [, path = ''] of page.matchAll(/src="([^"]+)"/g)) {
      const answer = await fetch(new URL(path, example.url));
      assert.match(answer.headers.get('content-type') ?? '', /^text\/javascript/, path);
    }
    assert.equal((await fetch(new URL('/client.html', example.url))).status, 404);
    assert.equal((await fetch(example.url, { method: 'POST' })).status, 405);
  });

  test('takes what one says to all in it, as text, and native messages back alone', async () => {
    await using one = await IrisTab.open(context, example.url);
    await using other = await IrisTab.open(context, example.url);

    await other.sayAsItIs('as it is');
    await other.native('as it is').waitFor();
    await one.say('hello; <b>you</b>');
    for (const tab of [one, other]) {
      await tab.chat(/^From: [\w-]+: hello; <b>you<\/b>$/).waitFor();
    }
    assert.equal(await one.native(/./).count(), 0);
  });

  test('is left by saying so: whoever has, neither hears the others nor is heard', async () => {
    await using ann = await IrisTab.open(context, example.url);
    await using bob = await IrisTab.open(context, example.url);
    await using cid = await IrisTab.open(context, example.url);
    const id = await bob.id();

    await bob.say('leave');
    await bob.chat(/^You have left room1/).waitFor();
    for (const tab of [ann, cid]) await tab.chat(`${id} has left room1.`).waitFor();
    assert.equal(await bob.chat(/has left room1/).count(), 0, 'it is told to those who stay');

    await bob.say('can you hear me?');
    await bob.chat(/^You are not in room1/).waitFor();
    await ann.say('he is gone');
    for (const tab of [ann, cid]) await tab.chat('he is gone').waitFor();
    // What the primary has sent before would be here: its messages to one tab keep their order.
    await bob.say('still nothing');
    await bob
      .chat(/^You are not in room1/)
      .nth(1)
      .waitFor();
    assert.equal(await bob.chat('he is gone').count(), 0);
    for (const tab of [ann, cid]) assert.equal(await tab.chat('can you hear me?').count(), 0);
  });

  test('says who has gone, and no longer sends there', async () => {
    await using one = await IrisTab.open(context, example.url);
    await using other = await IrisTab.open(context, example.url);
    const ids = { one: await one.id(), other: await other.id() };

    await one.bye();
    await one.status('Disconnected').waitFor();
    await example.line(new RegExp(`^${ids.one} has disconnected`));
    await other.say('still here');
    await other.chat('still here').waitFor();
    assert.equal(await one.chat('still here').count(), 0);
    assert.ok(!example.lines.some((line) => line.startsWith(`${ids.other} has disconnected`)));

    await other.page.close();
    await example.line(new RegExp(`^${ids.other} has disconnected`));
  });

  test('prints the headers of each request, and no credentials', async () => {
    await context.addCookies([{ name: 'session', value: SECRET, url: example.url }]);
    await using tab = await IrisTab.open(context, example.url);
    const id = await tab.id();
    await context.clearCookies();
    await using _client = await TestClient.open(example, '/my_endpoint', {
      headers: { Authorization: `Bearer ${SECRET}`, 'X-Api-Key': SECRET, 'User-Agent': '\x9b2J' },
    });

    await example.line(/^ {2}x-api-key$/);
    const begin = example.lines.indexOf(`${id} has connected, with these headers:`);
    const headers = example.lines.slice(begin + 1);
    assert.ok(headers.includes('  cookie'), 'the tab has sent its cookie');
    assert.ok(headers.includes("  upgrade: 'websocket'"));
    assert.ok(headers.includes(`  origin: '${new URL(example.url).origin}'`));
    assert.ok(headers.some((line) => /^ {2}user-agent: 'Mozilla/.test(line)));
    assert.ok(headers.includes('  authorization'), 'so has the other client');
    assert.ok(headers.includes("  user-agent: '\\x9B2J'"), 'a terminal would obey it');
    assert.ok(!example.lines.some((line) => line.includes(SECRET)));
  });

  test('shrugs off whatever else a client sends', async () => {
    await using client = await TestClient.open(example, '/my_endpoint');
    for (const payload of ['', '1;7', '2;true', '4;null', '4;{"toString":1}', '9;', 'x']) {
      client.send(`iris-websocket-message:chat;${payload}`);
    }
    client.send('iris-websocket-message:chat;0;done');
    assert.match(String(await client.next()), /;0;From: [\w-]+: done$/);
  });
});

describe('the two servers of iris', () => {
  let example: ExampleProcess;
  let second: URL;

  before(async () => {
    example = open.use(await ExampleProcess.start(2, '0', 'start:iris-servers'));
    second = new URL('/second', example.url);
  });
  after(() => endWell(example));

  test('have a script each, with its own prefix', async () => {
    for (const [endpoint, prefix] of [
      ['/my_endpoint', 'iris-websocket-message:'],
      ['/my_second_endpoint', 'my-second-prefix:'],
    ] as const) {
      const script = await fetch(new URL(`${endpoint}/iris-ws.js`, example.url));
      assert.ok((await script.text()).includes(`EVENT_PREFIX="${prefix}"`), endpoint);
    }
  });

  test('have a room of the same name each: what is said in one is not heard in the other', async () => {
    await using ann = await IrisTab.open(context, example.url);
    await using bob = await IrisTab.open(context, example.url);
    await using cid = await IrisTab.open(context, second);
    await using dan = await IrisTab.open(context, second);

    await ann.say('on the first');
    for (const tab of [ann, bob]) await tab.chat('on the first').waitFor();
    await cid.say('on the second');
    for (const tab of [cid, dan]) await tab.chat('on the second').waitFor();
    await ann.say('and again');
    for (const tab of [ann, bob]) await tab.chat('and again').waitFor();
    // What the primary sends to one shard keeps its order, whichever server it is of.
    for (const tab of [ann, bob]) assert.equal(await tab.chat('on the second').count(), 0);
    for (const tab of [cid, dan]) assert.equal(await tab.chat('on the first').count(), 0);
    for (const tab of [ann, bob, cid, dan]) assert.equal(await tab.native(/./).count(), 0);
  });

  test('have limits of their own', async () => {
    await using one = await IrisTab.open(context, example.url);
    await using other = await IrisTab.open(context, second);
    const long = 'x'.repeat(300);

    await one.say(long);
    await one.chat(long).waitFor();
    await other.say(long);
    await other.status('Disconnected').waitFor();
    await one.say('still here');
    await one.chat('still here').waitFor();
    assert.equal(await one.status('Disconnected').count(), 0);
  });
});

/** Ends an example as a service is ended: it does so by itself, and no handler has thrown. */
async function endWell(example: ExampleProcess): Promise<void> {
  assert.deepEqual(await example.stop(), { code: 0, signal: null });
  assert.equal(example.complaints, '');
}
