import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { startBrowser } from '../fixtures/browser.ts';
import { ExampleProcess } from '../fixtures/example-process.ts';
import { restartPort } from '../fixtures/restart-port.ts';
import { Tab } from '../fixtures/tab.ts';

describe('in a browser', () => {
  const open = new AsyncDisposableStack();
  let context: BrowserContext;
  let example: ExampleProcess;
  let ann: Tab;
  let bob: Tab;
  let cid: Tab;

  before(async () => {
    example = open.use(await ExampleProcess.start(2));
    const browser = open.use(await startBrowser());
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    ann = open.use(await Tab.open(context, example.url, 'Ann'));
    bob = open.use(await Tab.open(context, example.url, 'Bob'));
    cid = open.use(await Tab.open(context, example.url, 'Cid'));
  });
  after(() => open.disposeAsync());

  /** One after the other, so that all know of those before them. */
  async function enter(room: string, ...tabs: Tab[]): Promise<void> {
    for (const tab of tabs) await tab.enter(room);
  }

  test('a message reaches all tabs in its room, and no tab in another room', async () => {
    await enter('garden', ann, bob);
    await enter('cellar', cid);

    await ann.say('roses');
    await Promise.all([ann, bob].map((tab) => tab.message('roses').waitFor()));
    // What one sender sends keeps its order: had the first reached Cid, it would be there now.
    await ann.say('roses for all', 'everyone but me');
    await cid.message('roses for all').waitFor();
    assert.equal(await cid.message(/^roses$/).count(), 0);
  });

  test('who is in a room sees others join and leave it', async () => {
    await enter('porch', ann);
    await using eve = await Tab.open(context, example.url, 'Eve');
    await eve.enter('porch');
    await ann.note('Eve joined').waitFor();
    await ann.person('Eve').waitFor();
    assert.equal(await eve.person('Ann').count(), 1, 'who comes later is told who is there');

    await eve.page.getByRole('button', { name: 'Leave' }).click();
    await ann.note('Eve left').waitFor();
    await ann.person('Eve').waitFor({ state: 'detached' });
    await ann.say('are you gone?', '#porch');
    await ann.message('are you gone?').waitFor();
    await ann.say('come back', 'everyone but me');
    await eve.message('come back').waitFor();
    assert.equal(await eve.message('are you gone?').count(), 0);
  });

  test('a message to everyone but the sender reaches all others, in any room', async () => {
    await enter('attic', ann, bob);
    await enter('cellar', cid);

    await ann.say('not for Ann', 'everyone but me');
    await Promise.all([bob, cid].map((tab) => tab.message('not for Ann').waitFor()));
    await ann.say('for Ann too', '#attic');
    await ann.message('for Ann too').waitFor();
    assert.equal(await ann.message('not for Ann').count(), 0);
  });

  test('a message to one person reaches nobody else', async () => {
    await enter('hall', ann, bob, cid);
    await ann.person('Cid').waitFor();

    await ann.say('a secret', 'Bob, alone');
    await bob.message('a secret').waitFor();
    await ann.say('no longer', '#hall');
    await cid.message('no longer').waitFor();
    assert.equal(await cid.message('a secret').count(), 0);
  });

  test('the others see who types, and when a tab is closed', async () => {
    await enter('kitchen', ann);
    {
      await using dan = await Tab.open(context, example.url, 'Dan');
      await dan.enter('kitchen');
      await dan.type('I th');
      await ann.page.getByText('Dan typing').waitFor();
    }
    await ann.note('Dan left').waitFor();
    await ann.page.getByText('Dan typing').waitFor({ state: 'detached' });
    assert.equal(await ann.person('Dan').count(), 0);
  });

  test('tabs live on different shards, and every tab shows who lives where', async () => {
    await enter('yard', ann, bob);
    const shards = { Ann: await ann.shard('chat'), Bob: await bob.shard('chat') };
    assert.notEqual(shards.Ann, shards.Bob);
    assert.notEqual(await ann.shard('chat'), await ann.shard('ticker'), 'nor do its connections');
    for (const tab of [ann, bob]) {
      for (const [name, shard] of Object.entries(shards)) {
        await tab.page
          .getByRole('list', { name: `Tabs on shard ${shard}` })
          .getByText(name)
          .waitFor();
      }
    }
  });

  test('every tab shows how busy the shards are', async () => {
    for (const tab of [ann, bob]) {
      const meters = tab.page.locator('.shard-card .meter');
      assert.equal(await meters.count(), 2);
      for (const meter of await meters.all()) {
        await meter.getByText(/^[\d,]+\/s$/).waitFor();
        await meter.getByText(/^[\d.]+ ms$/).waitFor();
        await meter.getByText(/^[\d.]+ %$/).waitFor();
        const [share, text] = await meter
          .locator('.busy')
          .evaluate((busy: HTMLElement) => [
            busy.style.getPropertyValue('--share'),
            busy.textContent,
          ]);
        assert.ok(Number(share) > 0 && Number(share) <= 1, `the bar is ${share} of its whole`);
        const percent = Number(/([\d.]+) %$/.exec(text ?? '')?.[1]);
        assert.ok(Math.abs(percent - Number(share) * 100) <= 0.5, `${text} beside ${share}`);
        // A line has two points at least: it has been told twice.
        await meter.locator('polyline[points*=" "]').first().waitFor({ state: 'attached' });
      }
    }
  });

  test('a reload keeps name, room and symbols, and is a new connection', async () => {
    await enter('stairs', ann);
    await using fay = await Tab.open(context, example.url, 'Fay');
    await fay.enter('stairs');
    await fay.page.getByRole('button', { name: 'OATS' }).click();

    await fay.page.reload();
    await ann.note('Fay left').waitFor();
    await ann.note('Fay joined').nth(1).waitFor();
    await fay.note('You are in #stairs').waitFor();
    await fay.person('Fay (you)').waitFor();
    await fay.page.getByRole('button', { name: 'OATS', pressed: true }).waitFor();
    await ann.say('welcome back', '#stairs');
    await fay.message('welcome back').waitFor();
  });

  test('what people type is text, never markup', async () => {
    const markup = '<img src=x onerror=alert(1)>';
    await using gus = await Tab.open(context, example.url, '<i>Gus</i>');
    await gus.enter('<b>x');
    await gus.say(markup, '#<b>x');
    await gus.message(markup).waitFor();
    assert.equal(await gus.page.locator('main :is(img, i, b)').count(), 0);
  });

  test('the prices of the symbols that a tab watches arrive, and no others', async () => {
    const opened = ann.page.waitForEvent('websocket', (ws) => ws.url().endsWith('/ticker'));
    await ann.page.reload(); // now with an ear on the socket
    const socket = await opened;
    const prices: string[] = [];
    socket.on('framereceived', ({ payload }) => prices.push(String(payload)));
    const priceOf = (symbol: string) =>
      ann.page.locator('.quote', { hasText: symbol }).getByText(/^\d+\.\d\d$/);
    const press = (symbol: string) => ann.page.getByRole('button', { name: symbol }).click();

    await priceOf('GOLD').waitFor();
    await press('GOLD');
    await priceOf('GOLD').waitFor({ state: 'detached' });
    await press('SUGAR');
    await priceOf('SUGAR').waitFor();
    const first = prices.findIndex((event) => event.includes('"symbol":"SUGAR"'));
    // A tick is sent in the order of the alphabet: that of GOLD would come before this one.
    await socket.waitForEvent('framereceived', ({ payload }) =>
      /"symbol":"SUGAR"/.test(String(payload)),
    );
    assert.deepEqual(
      prices.slice(first).filter((event) => event.includes('"symbol":"GOLD"')),
      [],
    );
  });

  test('the echo comes back with its time, until it is one byte too much', async () => {
    const echo = ann.page.getByRole('region', { name: 'Echo' });
    const state = ann.page.locator('#echo-connection');
    const echoOf = (text: string) =>
      echo
        .getByText(text)
        .locator('..')
        .getByText(/^\d+\.\d ms$/);
    await echoOf('20 round trips').waitFor();

    await echo.getByLabel('Message').fill('halló');
    await echo.getByRole('button', { name: 'Send' }).click();
    await echoOf('halló').waitFor();
    await echo.getByRole('button', { name: 'One byte too many' }).click();
    await state.getByText('closed (1009)').waitFor();
    await echo.getByText('refused: closed with 1009').waitFor();
    assert.equal(await echo.getByRole('button', { name: 'Send' }).isDisabled(), true);

    await state.getByRole('button', { name: 'Reconnect' }).click();
    await state.getByText('connected').waitFor();
    await echo.getByRole('button', { name: 'Send' }).click();
    await echo.getByRole('log').getByText('halló').nth(1).waitFor();
  });

  test('a shard sees the types that a tab has sent in msgpack, and sends all back', async () => {
    await ann.questions.getByRole('button', { name: 'Ask the shard' }).click();
    for (const [name, type, value] of [
      ['at', 'Date', /^\d\d:\d\d:\d\d\.\d{3}$/],
      ['colour', 'Uint8Array', /^[\da-f]{2}( [\da-f]{2}){2}$/],
      ['nanoseconds', 'BigInt', /^\d{19}n$/],
    ] as const) {
      const row = ann.questions.getByRole('row', { name });
      assert.equal(await row.getByRole('cell').first().textContent(), type);
      assert.match((await row.getByRole('cell').nth(1).textContent()) ?? '', value);
    }
  });

  test('every tab answers, on whatever shard it is', async () => {
    const tabs = [ann, bob, cid];
    await enter('market', ...tabs); // under their names
    const shards = await Promise.all(tabs.map((tab) => tab.shard('survey')));
    assert.equal(new Set(shards).size, 2);
    await bob.questions.getByRole('button', { name: 'Ask every tab' }).click();
    await bob.questions.getByText(/^3 tabs on 2 shards answered in \d+\.\d ms\.$/).waitFor();
    const answers = bob.questions.getByRole('listitem');
    for (const [i, name] of ['Ann', 'Bob (you)', 'Cid'].entries()) {
      await answers.filter({ hasText: name }).getByText(`shard ${shards[i]}`).waitFor();
    }
  });

  test('a server that is killed and started again has its pages back, and what they asked', async () => {
    const first = open.use(await ExampleProcess.start(2, String(await restartPort())));
    await using tab = await Tab.open(context, first.url, 'Ida');
    await tab.enter('bridge');
    assert.equal((await first.stop('SIGKILL')).signal, 'SIGKILL');
    await tab.page
      .getByText(/^closed \(1006\), attempt \d+$/)
      .nth(3)
      .waitFor();
    await tab.questions.getByRole('button', { name: 'Ask every tab' }).click();
    await tab.questions.getByText('No connection: the question waits').waitFor();

    open.use(await ExampleProcess.start(2, new URL(first.url).port));
    await tab.questions.getByText(/^1 tab on 1 shard answered in/).waitFor();
    await tab.questions.getByRole('listitem').getByText('Ida (you)').waitFor();
    await tab.note('You are in #bridge').nth(1).waitFor();
    await tab.say('over the bridge', '#bridge');
    await tab.message('over the bridge').waitFor();
    for (const complaint of tab.takeComplaints()) {
      assert.match(complaint, /^WebSocket connection|net::ERR_CONNECTION_REFUSED$/); // of tokens
    }
  });
});
