import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { tokenProtocol } from '../../../src/client/app/token.ts';
import { ParsedMetrics } from '../../main/observe/parsed-metrics.ts';
import { ExampleProcess } from '../fixtures/example-process.ts';
import { AckClient } from '../kit/ack-client.ts';
import { TestClient } from '../kit/test-client.ts';

const PREFIX = 'iris-websocket-message:';
const ENDPOINTS = ['/chat', '/ticker', '/echo', '/survey'];

describe('the example', () => {
  let example: ExampleProcess;

  before(async () => {
    example = await ExampleProcess.start(2);
  });
  after(async () => {
    assert.deepEqual(await example.stop(), { code: 0, signal: null });
    assert.equal(example.complaints, '', 'no handler threw');
  });

  test('serves the page, and all that the page asks for', async () => {
    const seen = new Map<string, string>();
    for (const path of ['/', ...(await linksOf(example.url))]) await visit(path);
    assert.match(seen.get('/') ?? '', /^text\/html/);
    assert.match(seen.get('/style.css') ?? '', /^text\/css/);
    assert.match(seen.get('/app.js') ?? '', /^text\/javascript/, 'with all that it imports');
    for (const path of ['/iris-ws.js', '/iris-ws-msgpack.js']) await visit(path);

    async function visit(path: string): Promise<void> {
      if (seen.has(path)) return;
      const answer = await fetch(new URL(path, example.url));
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      seen.set(path, answer.headers.get('content-type') ?? '');
      assert.doesNotMatch(await answer.text(), /^import .* from '\./m);
    }
  });

  test('serves no other file, however it is asked for', async () => {
    const paths = [
      '/server.ts',
      '/../server.ts',
      '/%2e%2e/server.ts',
      '//server.ts',
      '/page',
      '/echo.js',
      '/.',
    ];
    for (const path of paths) assert.equal(await statusOf(path), 404, path);
  });

  test('refuses to be written to', async () => {
    const answer = await fetch(example.url, { method: 'POST' });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.get('allow'), 'GET, HEAD');
  });

  test('tells every page how busy the shards are, and Prometheus the same at /metrics', async () => {
    await using client = await welcomed('/chat');
    const [, json = ''] = /^[^;]*;4;(.*)$/.exec(await nextEvent(client, 'load')) ?? [];
    const loads = JSON.parse(json) as { shard: number; connections: number; delivered: number }[];
    assert.deepEqual(
      loads.map(({ shard }) => shard),
      [1, 2],
    );
    const connections = loads.reduce((sum, load) => sum + load.connections, 0);
    const answer = await fetch(new URL('/metrics', example.url));
    const metrics = new ParsedMetrics(await answer.text());
    assert.ok(connections >= 1 && metrics.sum('fanring_connections') >= 1);
    assert.deepEqual(metrics.values('fanring_connections', { endpoint: '/echo' }).length, 2);
  });

  test('gives the echo a header and a limit of its own', async () => {
    await using chat = await welcomed('/chat');
    await using echo = await welcomed('/echo');
    assert.equal(echo.headers['x-echo'], 'as it came');
    assert.equal(chat.headers['x-echo'], undefined);

    echo.send('x'.repeat(2048));
    assert.equal(await echo.next(), 'x'.repeat(2048));
    echo.send(new Uint8Array([1, 2, 3]));
    assert.deepEqual(await echo.next(), new Uint8Array([1, 2, 3]));
    chat.send('x'.repeat(2049));
    echo.send('x'.repeat(2049));
    assert.equal((await echo.closed()).code, 1009);
    assert.equal(chat.socket.readyState, WebSocket.OPEN);
  });

  test('lets nobody chat without a token, and knows who comes again', async () => {
    const { status, headers } = await fetch(new URL('/token', example.url));
    assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store']);
    for (const protocols of [[], ['fanring.token.eA']]) {
      await using stranger = new TestClient(example.endpoint('/chat'), {}, protocols);
      const [, refused] = await once(stranger.socket, 'unexpected-response');
      assert.deepEqual([refused.statusCode, refused.headers['x-echo']], [401, undefined]);
    }
    const [cookie = ''] = headers.getSetCookie();
    for (const visits of [1, 2]) {
      await using guest = await welcomed('/chat', example, cookie.split(';')[0]);
      assert.match(guest.welcome, new RegExp(`"visits":${visits}\\}`));
    }
  });

  test('shrugs off whatever a client sends to the chat', async () => {
    await using client = await welcomed('/chat');
    const payloads = ['0;', '1;7', '2;true', '4;null', '4;[]', '4;{"name":{},"room":3}', '9;', 'x'];
    for (const event of ['enter', 'leave', 'say', 'shout', 'whisper', 'typing', '']) {
      for (const payload of payloads) client.send(`${PREFIX}${event};${payload}`);
    }
    client.send(`${PREFIX}enter;4;{"name":" Ann ","room":"constructor"}`);
    const here = await nextEvent(client, 'here');
    assert.match(here, /"name":"Ann","room":"constructor"/);
    assert.match(await nextEvent(client, 'overview'), /\[\{"room":"constructor","people":1\}\]/);
  });

  test('shrugs off whatever a client asks and answers in the survey', async () => {
    await using client = await AckClient.open(example, '/survey', 'msgpack');
    await client.event('welcome');
    for (const odd of [null, 7, 'x', [], { constructor: null }, new Uint8Array(2), { at: 1 }]) {
      const { back } = (await client.call('inspect', odd)) as { back: unknown };
      assert.deepEqual(back, odd);
      const asked = client.ask('survey');
      client.answer(await client.question('sample'), odd);
      const payload = { answers: [], silent: 0 };
      assert.deepEqual(await client.next(), { answerTo: asked, payload });
    }
    const good = {
      name: 'x'.repeat(99),
      shard: 1,
      at: new Date(7),
      colour: Uint8Array.of(1, 2, 3),
    };
    client.ask('survey');
    client.answer(await client.question('sample'), { ...good, nanoseconds: 2n ** 60n });
    const { payload } = (await client.next()) as { payload: { answers: object[] } };
    const [{ id, ...rest }] = payload.answers as [{ id?: string }];
    const name = 'x'.repeat(24);
    assert.deepEqual(rest, { ...good, name, nanoseconds: 2n ** 60n });
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`closes every connection with 1001 on ${signal}, and ends with 0`, async () => {
      await using own = await ExampleProcess.start(2);
      const clients = await Promise.all(ENDPOINTS.map((path) => welcomed(path, own)));
      const closed = Promise.all(clients.map((client) => client.closed()));
      assert.deepEqual(await own.stop(signal), { code: 0, signal: null });
      assert.deepEqual(
        (await closed).map(({ code }) => code),
        [1001, 1001, 1001, 1001],
      );
    });
  }

  async function linksOf(page: string): Promise<string[]> {
    const links = (await (await fetch(page)).text()).matchAll(/(?:src|href)="([^"]+)"/g);
    return [...links].map(([, link = '']) => link);
  }

  async function statusOf(path: string): Promise<number | undefined> {
    const { hostname, port } = new URL(example.url);
    const asked = get({ hostname, port, path }); // fetch would tidy the path up
    const [answer] = await once(asked, 'response');
    await text(answer);
    return answer.statusCode;
  }

  /** A client of one of the servers, its first event read. */
  async function welcomed(path: string, of = example, cookie = ''): Promise<WelcomedClient> {
    const protocols = path === '/chat' ? await protocolsOf(of, cookie) : [];
    const client = new WelcomedClient(of.endpoint(path), {}, protocols);
    client.socket.once('upgrade', ({ headers }) => Object.assign(client.headers, headers));
    client.welcome = String(await client.next());
    assert.match(client.welcome, /^iris-websocket-message:welcome;4;/);
    return client;
  }
});

/** The subprotocols that a page offers to the chat: that of its codec, and its token. */
async function protocolsOf({ url }: ExampleProcess, cookie: string): Promise<string[]> {
  const answer = await fetch(new URL('/token', url), { headers: { cookie } });
  return ['fanring.text.v1', tokenProtocol(await answer.text())];
}

class WelcomedClient extends TestClient {
  readonly headers: Record<string, string> = {};
  welcome = '';
}

async function nextEvent(client: TestClient, event: string): Promise<string> {
  for (;;) {
    const message = String(await client.next());
    if (message.startsWith(`${PREFIX}${event};`)) return message;
  }
}
