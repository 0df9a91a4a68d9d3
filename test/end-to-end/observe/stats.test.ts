import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Engine, ServerStats } from '../../../src/main/index.ts';
import { prometheusText } from '../../../src/main/observe/prometheus.ts';
import { text } from '../../conformance/client-frames.ts';
import { ParsedMetrics } from '../../main/observe/parsed-metrics.ts';
import { changed, GATE, open } from '../fixtures/gate.ts';
import { RawClient } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const GATED = new URL('../fixtures/gate.ts', import.meta.url);
const MIB = 2 ** 20;
const CLIENTS = 4;
const MESSAGES = 5;

async function statsOf(engine: Engine, endpoint: string): Promise<ServerStats> {
  const { servers } = await engine.stats();
  const stats = servers.find((server) => server.endpoint === endpoint);
  assert.ok(stats !== undefined);
  return stats;
}

for (const { place, shards } of SETUPS) {
  const where = `${place}, ${shards} shards`;

  test(`what the shards have counted adds up to what clients have seen: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, VERBS, { endpoint: '/v' });
      await addServer(engine, place, VERBS, { endpoint: '/other' });
      const opening = Array.from({ length: CLIENTS }, () => VerbClient.open({ port }, '/v'));
      const clients = await Promise.all(opening);
      for (const client of clients) await client.do('join', 'red');
      const [speaker] = clients as [VerbClient];
      for (let i = 0; i < MESSAGES; i++) await speaker.do('to', 'red', `${i}`);
      server.to('red').emit('said', 'from outside');
      for (const client of clients) {
        for (let i = 0; i <= MESSAGES; i++) await client.next();
      }

      const stats = await statsOf(engine, '/v');
      assert.equal(stats.connections, CLIENTS);
      assert.equal(stats.opened, CLIENTS);
      assert.equal(stats.rooms, shards === 0 ? 1 : 2, 'one in each shard');
      const asked = CLIENTS + MESSAGES;
      assert.equal(stats.received, asked);
      assert.equal(stats.emitted, asked + MESSAGES + 1, 'an answer each, and what is for all');
      assert.equal(stats.delivered, asked + (MESSAGES + 1) * CLIENTS);
      assert.deepEqual(stats.dropped, { slow: 0, latest: 0, closed: 0 });
      const { primary } = await engine.stats();
      const ofPrimary = primary.servers.find(({ endpoint }) => endpoint === '/v')?.emitted;
      assert.equal(ofPrimary, place === 'closures' ? stats.emitted : 1);
      assert.deepEqual((await statsOf(engine, '/other')).received, 0);

      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
      while ((await statsOf(engine, '/v')).connections > 0);
      const after = await statsOf(engine, '/v');
      assert.deepEqual([after.rooms, after.opened, after.delivered], [0, CLIENTS, stats.delivered]);
    });
  });

  test(`every byte is counted, the handshake's answer too: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      await using client = await RawClient.open(port, '/v');
      const frames = ['a', 'bb', 'x'.repeat(1000)].map((message) => text(message));
      for (const frame of frames) client.send(frame);
      for (let i = 0; i < frames.length; i++) await client.frame();
      const { receivedBytes, sentBytes, queuedBytes } = await statsOf(engine, '/v');
      assert.equal(receivedBytes, Buffer.concat(frames).length);
      assert.equal(sentBytes, client.socket.bytesRead);
      assert.equal(queuedBytes, 0);
    });
  });

  test(`of what is meant for a slow client all is delivered or dropped, and it is named: ${where}`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const options = { endpoint: '/v', slowConsumer: 'drop', maxBufferedBytes: MIB } as const;
      await addServer(engine, place, VERBS, options);
      await using slow = await RawClient.open(port, '/v');
      await using speaker = await VerbClient.open({ port }, '/v');
      slow.send(text('iris-websocket-message:do;4;["join","red"]'));
      slow.socket.pause();
      const MEANT = 40;
      while ((await statsOf(engine, '/v')).rooms === 0);
      await speaker.do('floodTo', 'red', MEANT, MIB);
      let stats = await statsOf(engine, '/v');
      const meant = () => stats.delivered + stats.dropped.slow;
      // Beside them the results of `join` and `floodTo`.
      while (meant() < MEANT + 2) stats = await statsOf(engine, '/v');
      assert.equal(meant(), MEANT + 2);
      assert.ok(stats.dropped.slow > 0 && stats.fellBehind >= 1);
      assert.ok(stats.droppedBytes >= stats.dropped.slow * MIB);
      assert.ok(stats.queuedBytes > 0);
      const { slowest } = await engine.stats();
      assert.equal(slowest.length, 1);
      const [{ endpoint, queuedBytes, id, shard }] = slowest as [(typeof slowest)[0]];
      assert.deepEqual([endpoint, queuedBytes], ['/v', stats.queuedBytes]);
      assert.ok(id.length > 0 && shard >= 1);
      assert.deepEqual((await engine.stats({ slowest: 0 })).slowest, []);
    });
  });
}

test('a shard that is busy is named, and counts again when it is not', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const server = { endpoint: '/gate', authorize: () => gate };
    await addServer(engine, 'module', GATED, server);
    await using one = await TestClient.open({ port }, '/gate');
    await using other = await TestClient.open({ port }, '/gate');
    one.send('block');
    await changed(gate, GATE.isBlocked);
    const during = await engine.stats({ timeoutMs: 50 });
    assert.deepEqual([during.silentShards.length, during.shards.length], [1, 1]);
    assert.equal(during.servers[0]?.connections, 1);
    open(gate);
    assert.equal(await one.next(), 'block');
    const after = await engine.stats();
    assert.deepEqual([after.silentShards, after.servers[0]?.connections], [[], 2]);
    assert.equal(other.socket.readyState, other.socket.OPEN);
  });
});

test('a shard that waits for its restart is down in stats and metrics', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/v' });
    for (let i = 0; i < 2; i++) {
      const exit = once(engine, 'shardExit');
      await using killer = await VerbClient.open({ port }, '/v');
      killer.ask('die');
      await exit;
    }
    const stats = await engine.stats();
    assert.deepEqual([stats.shards, stats.silentShards], [[], [1]]);
    assert.deepEqual(stats.restarts, [{ shard: 1, restarts: 2 }]);
    const metrics = new ParsedMetrics(prometheusText(stats));
    assert.deepEqual(metrics.values('fanring_shard_up', { shard: '1' }), [0]);
    assert.deepEqual(metrics.values('fanring_shard_restarts_total', { shard: '1' }), [2]);
  });
});

test('who negotiates different codecs is in one room, and it counts once', async () => {
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/v', codec: 'negotiate' });
    await using inText = await VerbClient.open({ port }, '/v');
    const protocols = ['fanring.msgpack.v1'];
    await using inMsgpack = await VerbClient.open({ port }, '/v', { codec: 'msgpack', protocols });
    for (const client of [inText, inMsgpack]) await client.do('join', 'red');
    await inText.do('join', 'blue');
    assert.equal((await statsOf(engine, '/v')).rooms, 2);
  });
});

test('the metrics say the same, at whatever path the app chooses', async () => {
  const leaky: { engine?: Engine } = {};
  await withEngine({ shards: 2, sampleInterval: 10 }, async ({ engine, port }) => {
    leaky.engine = engine;
    await addServer(engine, 'module', VERBS, { endpoint: '/v' });
    const metrics = engine.metricsHandler();
    const { port: metricsPort } = await engine.listen(0, {
      host: '127.0.0.1',
      request: (request, response) => {
        if (request.url === '/internal/metrics') metrics(request, response);
        else response.writeHead(404).end();
      },
    });
    await using one = await VerbClient.open({ port }, '/v');
    await using two = await VerbClient.open({ port }, '/v');
    for (const client of [one, two]) await client.do('join', 'red');
    await one.do('to', 'red', 'hello');
    await two.next();
    while (await hasNoLag(engine));

    const answer = await fetch(`http://127.0.0.1:${metricsPort}/internal/metrics`);
    const parsed = new ParsedMetrics(await answer.text());
    const stats = await statsOf(engine, '/v');
    const of = (name: string) => parsed.sum(`fanring_${name}`, { endpoint: '/v' });
    assert.deepEqual(
      {
        connections: of('connections'),
        received: of('messages_received_total'),
        emitted: of('messages_emitted_total'),
        delivered: of('messages_delivered_total'),
        sentBytes: of('sent_bytes_total'),
      },
      {
        connections: stats.connections,
        received: stats.received,
        emitted: stats.emitted,
        delivered: stats.delivered,
        sentBytes: stats.sentBytes,
      },
    );
    assert.deepEqual(parsed.values('fanring_shard_up'), [1, 1]);
    for (const lag of parsed.values('fanring_mailbox_lag_max_seconds')) assert.ok(lag > 0);
    const elsewhere = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    assert.equal(elsewhere.status, 404);
    await elsewhere.text();
  });
  await assert.rejects(leaky.engine?.stats() ?? Promise.resolve(), { code: 'ERR_ENGINE_CLOSED' });
});

async function hasNoLag(engine: Engine): Promise<boolean> {
  const { primary, shards } = await engine.stats();
  return [primary, ...shards].some(({ mailbox }) => mailbox.lag.samples === 0);
}
