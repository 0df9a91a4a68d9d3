import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { KeepHeaders } from '../../../src/main/index.ts';
import { text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine, withServer } from '../kit/test-engine.ts';

const HEADERS = new URL('../fixtures/headers.ts', import.meta.url);
const SENT = {
  Cookie: 'session=1',
  Authorization: 'Bearer 2',
  'Proxy-Authorization': 'Basic 3',
  'User-Agent': 'test',
};
const OTHERS = [
  'connection',
  'host',
  'sec-websocket-key',
  'sec-websocket-version',
  'upgrade',
  'user-agent',
];
const ALL = [...OTHERS, 'authorization', 'cookie', 'proxy-authorization'].sort();

const CASES: readonly [keepHeaders: KeepHeaders | undefined, kept: readonly string[]][] = [
  [undefined, OTHERS],
  ['safe', OTHERS],
  ['all', ALL],
  [
    ['cookie', 'user-agent', 'x-none'],
    ['cookie', 'user-agent'],
  ],
  [[], []],
];

for (const { place, shards } of SETUPS) {
  test(`a connection keeps headers while its handlers are told of it: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      for (const [keepHeaders, kept] of CASES) {
        await t.test(`and then ${keepHeaders ?? 'by default'}`, async () => {
          let asked: string[] = [];
          const options = {
            endpoint: '/h',
            authorize: ({ headers }: { headers: object }) => {
              asked = Object.keys(headers).sort();
            },
            ...(keepHeaders === undefined ? {} : { keepHeaders }),
          };
          await withServer(engine, place, HEADERS, options, async () => {
            await using client = await RawClient.open(port, '/h', SENT);
            client.send(text('?'));
            const [told, later, now] = JSON.parse(await client.message()) as string[][];
            assert.deepEqual(asked, ALL, 'authorize sees all');
            assert.deepEqual(told, ALL, 'onConnection sees all');
            assert.deepEqual(later, ALL, 'one that is async too, until it is done');
            assert.deepEqual(now, kept);
          });
        });
      }
    });
  });
}

test('what authorize has kept stays as it was', async () => {
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    const kept: { headers: Readonly<Record<string, string>> }[] = [];
    const authorize = (request: { headers: Readonly<Record<string, string>> }) => {
      kept.push(request);
    };
    await addServer(engine, 'closures', HEADERS, { endpoint: '/h', authorize, keepHeaders: [] });
    await using client = await RawClient.open(port, '/h', SENT);
    client.send(text('?'));
    assert.deepEqual(JSON.parse(await client.message())[2], []);
    assert.equal(kept[0]?.headers.cookie, 'session=1');
  });
});
