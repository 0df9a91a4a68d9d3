import { strict as assert } from 'node:assert';
import type { RequestListener, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { Engine, type EngineOptions } from '../../../src/main/index.ts';
import { prometheusText } from '../../../src/main/observe/prometheus.ts';
import { text } from '../../conformance/client-frames.ts';
import { ParsedMetrics } from '../../main/observe/parsed-metrics.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { leakCheck } from '../kit/test-engine.ts';
import { listenOptions } from '../kit/transport.ts';

const options = { timeout: 20_000 };
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const MIB = 2 ** 20;

/** Asserts how many plain connections an engine has refused, and for which reasons. */
async function assertRefused(engine: Engine, expected: Record<string, number>): Promise<void> {
  const refused = { limit: 0, address: 0, unanswered: 0, ...expected };
  const stats = await engine.stats();
  assert.deepEqual(stats.primary.plain.refused, refused);
  const metrics = new ParsedMetrics(prometheusText(stats));
  for (const [reason, count] of Object.entries(refused)) {
    const labels = { reason };
    assert.equal(metrics.sum('fanring_plain_connections_refused_total', labels), count, reason);
  }
}

async function withApp(
  request: RequestListener | undefined,
  engineOptions: EngineOptions,
  body: (port: number, engine: Engine) => Promise<void>,
): Promise<void> {
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards: 1, ...engineOptions });
  const server = engine.server({ endpoint: '/w' });
  server.onConnection((c) => c.onMessage((message) => c.emitMessage(message)));
  const { port } = await engine.listen(0, { ...listenOptions(), request });
  await body(port, engine);
  await engine.close();
  await leavesNothing();
}

/** An app that answers from the 17th request on; the test answers the others. */
function holdingApp() {
  const held: ServerResponse[] = [];
  const { promise: hasSixteen, resolve } = Promise.withResolvers<void>();
  const answer: RequestListener = (_, response) => {
    if (held.push(response) === 16) resolve();
    else if (held.length > 16) response.end(String(held.length));
  };
  return { held, hasSixteen, answer };
}

test('a client with too many requests that have no answer is cut', options, async () => {
  let asked = 0;
  const count = () => {
    asked += 1;
  };
  await withApp(count, {}, async (port, engine) => {
    for (const request of [GET, GET.replace('\r\n\r\n', '\r\nExpect: x\r\n\r\n')]) {
      await using client = await RawClient.connect(port);
      client.send(request.repeat(20_000));
      const answers = await client.rest();
      assert.ok(answers.split('HTTP/1.1 417 ').length < 200);
    }
    await assertRefused(engine, { unanswered: 2 });
  });
  // 16 at a time; fewer where a turn of the loop had no time for more before the cut.
  assert.ok(asked >= 1 && asked <= 16, `the app has had ${asked}`);
});

test('answers that nobody reads make requests wait, and all are answered', options, async () => {
  let asked = 0;
  const answer: RequestListener = (_, response) => {
    asked += 1;
    response.end(Buffer.alloc(MIB, String(asked % 10)));
  };
  await withApp(answer, {}, async (port) => {
    await using client = await RawClient.connect(port);
    client.send(GET.repeat(30));
    await using other = await RawClient.connect(port);
    other.send(GET);
    await other.answer();
    assert.ok(asked < 20, `${asked} have been asked: the buffers of a connection take some MiB`);
    for (let i = 0; i < 30; i++) assert.equal((await client.answer()).body.length, MIB);
    client.send(GET);
    await client.answer();
    assert.equal(asked, 32);
  });
});

test('requests behind others are answered in their order, in several goes', options, async () => {
  const { held, hasSixteen, answer } = holdingApp();
  await withApp(answer, {}, async (port) => {
    await using client = await RawClient.connect(port);
    client.send(GET.repeat(60));
    await hasSixteen;
    client.send(GET.repeat(100)); // with these it has too many, but they are not read yet
    await using other = await RawClient.connect(port);
    await other.upgrade('/w');
    other.send(text('hello'));
    assert.equal(await other.message(), 'hello');
    for (const [at, response] of held.entries()) response.end(String(at + 1));
    for (let i = 1; i <= 160; i++) assert.equal((await client.answer()).body, String(i));
  });
});

test(
  'an upgrade behind requests that wait is left alone until they are answered',
  options,
  async () => {
    const { held, hasSixteen, answer } = holdingApp();
    await withApp(answer, {}, async (port) => {
      await using client = await RawClient.connect(port);
      const hello = text('hello');
      client.send(
        Buffer.concat([Buffer.from(GET.repeat(20) + upgradeRequest('/w')), hello, hello]),
      );
      await hasSixteen;
      client.send(hello);
      for (const response of [...held]) response.end('first');
      for (let i = 0; i < 20; i++) await client.answer();
      assert.match(await client.head(), /^HTTP\/1\.1 101 /);
      for (let i = 0; i < 3; i++) assert.equal(await client.message(), 'hello');
    });
  },
);

test('what a request expects is answered as the HTTP server answers it', options, async () => {
  const echo: RequestListener = (request, response) => void request.pipe(response);
  await withApp(echo, {}, async (port) => {
    await using client = await RawClient.connect(port);
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n';
    client.send(`${post}Expect: 100-continue\r\n\r\n`);
    assert.match(await client.head(), /^HTTP\/1\.1 100 /);
    client.send('x');
    assert.match(await client.head(), /^HTTP\/1\.1 200 /);
    await using other = await RawClient.connect(port);
    other.send(`${post}Expect: wonders\r\n\r\nx`);
    assert.match(await other.head(), /^HTTP\/1\.1 417 /);
  });
});

for (const [status, reason, limits] of [
  [503, 'limit', { maxPlainConnections: 2 }],
  [429, 'address', { maxPlainConnectionsPerAddress: 2 }],
] as const) {
  const name = Object.keys(limits)[0];
  test(`connections that ask for no upgrade are limited: ${name}`, options, async () => {
    const ok: RequestListener = (_, response) => void response.end('ok');
    await withApp(ok, limits, async (port, engine) => {
      const connected = [await RawClient.connect(port), await RawClient.connect(port)] as const;
      for (const client of connected) {
        for (let i = 0; i < 2; i++) {
          client.send(GET);
          assert.equal((await client.answer()).body, 'ok');
        }
      }
      await using refused = await RawClient.connect(port);
      refused.send(GET);
      const head = await refused.head();
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} (.*\\r\\n)*Connection: close\\r\\n`));
      await refused.rest();
      await assertRefused(engine, { [reason]: 1 });
      assert.equal((await engine.stats()).primary.plain.connections, 2);
      await using tab = await RawClient.connect(port);
      await tab.upgrade('/w');
      const [one, other] = connected;
      await one[Symbol.asyncDispose]();
      let answer = '';
      while (!answer.startsWith('HTTP/1.1 200 ')) {
        await using next = await RawClient.connect(port);
        next.send(GET);
        answer = await next.head();
      }
      await other[Symbol.asyncDispose]();
    });
  });
}

/** Returns a function that says in which turn of the loop it is called. */
function countTurns(): { turn: () => number; [Symbol.dispose](): void } {
  let turns = 0;
  let timer = setImmediate(function next() {
    turns += 1;
    timer = setImmediate(next);
  });
  return { turn: () => turns, [Symbol.dispose]: () => clearImmediate(timer) };
}

test('requests that take the app long are answered in several turns', options, async () => {
  using turns = countTurns();
  const asked: number[] = [];
  const slow: RequestListener = (_, response) => {
    asked.push(turns.turn());
    const end = performance.now() + 6;
    while (performance.now() < end);
    response.end('ok');
  };
  await withApp(slow, {}, async (port) => {
    await using client = await RawClient.connect(port);
    client.send(GET.repeat(20));
    for (let i = 0; i < 20; i++) assert.equal((await client.answer()).body, 'ok');
  });
  const inOne = Math.max(...asked.map((turn) => asked.filter((other) => other === turn).length));
  assert.ok(inOne <= 2, `${inOne} in one turn`);
});

test('connections with unanswered requests are cut in several turns', options, async () => {
  using turns = countTurns();
  const cut = new Set<number>();
  const never: RequestListener = (_, response) => {
    response.once('close', () => cut.add(turns.turn()));
  };
  await withApp(never, {}, async (port, engine) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(port)));
    for (const client of clients) client.send(GET.repeat(120));
    while ((await engine.stats()).primary.plain.connections < 20);
    await engine.close({ timeoutMs: 200 });
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
  assert.ok(cut.size >= 4, `${cut.size} turns`);
});

test('many clients that read nothing do not hold up the end', options, async () => {
  await withApp(
    () => {},
    {},
    async (port, engine) => {
      const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(port)));
      for (const client of clients) client.send(GET.repeat(100));
      await using other = await RawClient.connect(port);
      await other.upgrade('/w');
      await engine.close({ timeoutMs: 100 });
      for (const client of clients) {
        await client.rest();
        await client[Symbol.asyncDispose]();
      }
      await other.closeFrame();
      await other[Symbol.asyncDispose]();
    },
  );
});
