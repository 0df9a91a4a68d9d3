import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { text } from '../../conformance/client-frames.ts';
import { published } from '../fixtures/published.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const PUBLISHED = new URL('../fixtures/published.ts', import.meta.url);
const MIB = 2 ** 20;

/** What has been published in the thread of a connection. */
async function publishedFor(client: VerbClient): Promise<unknown> {
  client.emit('published');
  const [, messages] = (await client.next()) as ['published', unknown];
  return messages;
}

test('connections are published where they are: in their shard, and nowhere else', async () => {
  published.length = 0;
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    await addServer(engine, 'module', PUBLISHED, { endpoint: '/p' });
    await using first = await VerbClient.open({ port }, '/p');
    await using second = await VerbClient.open({ port }, '/p');
    const shards = [await first.do('shard'), await second.do('shard')];
    assert.notEqual(shards[0], shards[1]);
    const [a, b] = [await first.do('id'), await second.do('id')];
    const opened = (shard: unknown, id: unknown) => [
      'connection.open',
      { endpoint: '/p', shard, id },
    ];
    assert.deepEqual(await publishedFor(first), [opened(shards[0], a)]);
    assert.deepEqual(await publishedFor(second), [opened(shards[1], b)]);

    await using third = await VerbClient.open({ port }, '/p');
    const shard = await third.do('shard');
    const [own, neighbour] = shard === shards[0] ? [a, first] : [b, second];
    await neighbour.do('join', 'watchers');
    third.connection.socket.close(4321, 'enough');
    const id = await third.closed().then(async () => {
      const [, [gone]] = (await neighbour.next()) as ['saw', [string]]; // it has left its room
      await neighbour.next(); // and is disconnected
      return gone;
    });
    assert.notEqual(id, own);
    const closed = { endpoint: '/p', shard, id, code: 4321, reason: 'enough' };
    const messages = [opened(shard, id), ['connection.close', closed]];
    assert.deepEqual(await publishedFor(neighbour), messages);
  });
  assert.deepEqual(published, [], 'nothing of it in this thread');
});

test('what a slow client loses is published, message by message', async () => {
  published.length = 0;
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    const options = { endpoint: '/p', slowConsumer: 'drop', maxBufferedBytes: MIB } as const;
    await addServer(engine, 'module', PUBLISHED, options);
    await using client = await RawClient.open(port, '/p');
    client.socket.pause();
    client.send(text(`iris-websocket-message:do;4;["flood",40,${MIB}]`));
    const dropped = async () => (await engine.stats()).servers[0]?.dropped.slow ?? 0;
    while ((await dropped()) === 0);
    const [[, { id }]] = published as [[string, { id: string }]];
    const drops = published.filter(([name]) => name === 'message.drop');
    assert.equal(drops.length, await dropped());
    const bytes = MIB + 10; // with the header of its frame
    for (const [, message] of drops.slice(0, -1)) {
      assert.deepEqual(message, { endpoint: '/p', shard: 1, id, slowConsumer: 'drop', bytes });
    }
  });
  assert.deepEqual(
    published.filter(([name]) => name !== 'message.drop').map(([name]) => name),
    ['connection.open', 'connection.close'],
  );
});

test("a shard's end is published on the primary, and counted", async () => {
  published.length = 0;
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    await addServer(engine, 'module', PUBLISHED, { endpoint: '/p' });
    await using client = await VerbClient.open({ port }, '/p');
    const shard = await client.do('shard');
    const exit = once(engine, 'shardExit');
    client.ask('die');
    const [told] = await exit;
    assert.deepEqual(published, [['shard.exit', told]]);
    assert.equal(told.shard, shard);
    await client.closed();
    const restarts = async () => {
      const { shards } = await engine.stats();
      return shards.map((one) => [one.shard, one.restarts]);
    };
    const expected = [1, 2].map((number) => [number, number === shard ? 1 : 0]);
    let seen = await restarts();
    while (seen.length < 2) seen = await restarts();
    assert.deepEqual(seen, expected);
  });
});
