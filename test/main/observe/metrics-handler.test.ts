import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { metricsHandler } from '../../../src/main/observe/metrics-handler.ts';
import type { EngineStats } from '../../../src/shared/api/stats.ts';
import { ParsedMetrics } from './parsed-metrics.ts';
import { PLAIN, THREAD } from './stats-samples.ts';

const STATS: EngineStats = {
  primary: { ...THREAD, servers: [], plain: PLAIN },
  ...{ shards: [], silentShards: [7], restarts: [], servers: [], slowest: [] },
};

async function serving(listener: RequestListener, body: (url: string) => Promise<void>) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('answers GET with the metrics, HEAD with their size, and nothing else', async () => {
  await serving(
    metricsHandler(async () => STATS),
    async (url) => {
      const got = await fetch(url);
      assert.equal(got.status, 200);
      assert.equal(got.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
      const text = await got.text();
      assert.deepEqual(new ParsedMetrics(text).values('fanring_shard_up', { shard: '7' }), [0]);
      const head = await fetch(url, { method: 'HEAD' });
      assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(text)));
      assert.equal(await head.text(), '');
      const post = await fetch(url, { method: 'POST' });
      assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
    },
  );
});

test('requests that come together cost one look at the shards', async () => {
  let looks = 0;
  let requests = 0;
  const all = Promise.withResolvers<EngineStats>();
  const handler = metricsHandler(() => {
    looks += 1;
    return all.promise;
  });
  const counting: RequestListener = (request, response) => {
    handler(request, response);
    requests += 1;
    if (requests === 5) all.resolve(STATS);
  };
  await serving(counting, async (url) => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(url)));
    for (const answer of answers) assert.match(await answer.text(), /^# HELP /);
    assert.equal(looks, 1);
    await (await fetch(url)).text();
    assert.equal(looks, 2, 'the next one gets its own');
  });
});

test('of an engine that has been closed it answers 503', async () => {
  const closed = metricsHandler(() => Promise.reject(new Error('closed')));
  await serving(closed, async (url) => {
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(url);
      assert.equal(answer.status, 503);
      await answer.text();
    }
  });
});

for (const [outcome, stats] of Object.entries({
  metrics: () => Promise.resolve(STATS),
  none: () => Promise.reject(new Error('closed')),
})) {
  test(`what somebody else has answered meanwhile stays as it is: ${outcome}`, async () => {
    const looked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const handler = metricsHandler(async () => {
      await answered.promise;
      setImmediate(looked.resolve); // behind all that is to come of the stats
      return await stats();
    });
    const impatient: RequestListener = (request, response) => {
      handler(request, response);
      response.writeHead(504);
      response.write('late');
      answered.resolve();
      looked.promise.then(() => response.end('!'));
    };
    await serving(impatient, async (url) => {
      const answer = await fetch(url);
      assert.deepEqual([answer.status, await answer.text()], [504, 'late!']);
    });
  });
}

test('an answer that cannot be written ends its connection, not the process', async () => {
  const handler = metricsHandler(async () => STATS);
  const breaking: RequestListener = (request, response) => {
    response.writeHead = () => {
      throw new Error('no');
    };
    handler(request, response);
  };
  await serving(breaking, async (url) => {
    await assert.rejects(fetch(url), TypeError);
  });
});
