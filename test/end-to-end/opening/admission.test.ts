import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type EngineError,
  type Origins,
  Refusal,
  type ServerOptions,
} from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, PLACES, type TestEngine, withEngine, withServer } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

/** The status line, and what follows it, of the answer to one handshake. */
async function knock(port: number, headers: Record<string, string> = {}): Promise<string> {
  await using client = await RawClient.connect(port);
  client.send(upgradeRequest('/w', headers));
  const head = await client.head();
  return head.startsWith('HTTP/1.1 101 ') ? head : head + (await client.rest());
}

const ORIGINS: readonly [
  title: string,
  Origins | undefined,
  allowed: string[],
  refused: string[],
][] = [
  [
    'the same host by default, with the port of its scheme or spelt out',
    undefined,
    ['http://example.com', 'http://example.com:80', 'HTTP://EXAMPLE.COM'],
    [
      'http://example.com:8080',
      'http://evil.example',
      'http://www.example.com',
      'null',
      'nonsense',
    ],
  ],
  ['the same host', 'same-host', ['http://example.com'], ['http://evil.example']],
  [
    'a list, as origins and not as text',
    ['https://a.example', 'http://b.example:81'],
    ['https://a.example', 'https://a.example:443', 'http://b.example:81'],
    [
      'http://a.example',
      'https://a.example.evil',
      'http://b.example',
      'http://example.com',
      'null',
    ],
  ],
  ['nobody, by an empty list', [], [], ['http://example.com']],
  ['everybody', '*', ['http://evil.example', 'null'], []],
  [
    'whom a function says',
    (origin, { url }) => origin === 'http://a.example' && url === '/w',
    ['http://a.example'],
    ['http://b.example'],
  ],
];

test('a page may connect if its origin is allowed', async (t) => {
  await withEngine({ shards: 0 }, async (context) => {
    for (const [title, origins, allowed, refused] of ORIGINS) {
      await t.test(title, async () => {
        await withServer(
          context.engine,
          'closures',
          VERBS,
          { endpoint: '/w', ...(origins && { origins }) },
          async () => {
            for (const Origin of allowed) {
              assert.match(await knock(context.port, { Origin }), /^HTTP\/1\.1 101 /, Origin);
            }
            for (const Origin of refused) {
              assert.match(await knock(context.port, { Origin }), /^HTTP\/1\.1 403 /, Origin);
            }
            assert.match(await knock(context.port), /^HTTP\/1\.1 101 /, 'no browser');
          },
        );
      });
    }
    await t.test('the same host on its own port, spelt out on one side only', async () => {
      await withServer(context.engine, 'closures', VERBS, { endpoint: '/w' }, async () => {
        for (const [Origin, Host, status] of [
          ['http://example.com:8080', 'example.com:8080', '101'],
          ['https://example.com', 'example.com:443', '101'],
          ['http://example.com', 'example.com:80', '101'],
          ['https://example.com', 'example.com:80', '403'],
          ['http://example.com', 'example.com:8080', '403'],
        ] as const) {
          const answer = await knock(context.port, { Origin, Host });
          assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${Origin} at ${Host}`);
        }
      });
    });
  });
});

class Session {
  readonly user = 'ann';
}

for (const place of PLACES) {
  test(`what authorize returns is the data of the connection: ${place}`, async (t) => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      const answers: readonly [title: string, ServerOptions, unknown][] = [
        ['at once', { authorize: ({ url }) => ({ url }) }, { url: '/w?x' }],
        ['later', { authorize: async ({ method }) => [method] }, ['GET']],
        // A query of a database, say: no Promise, and it would be true if it were not awaited.
        // biome-ignore lint/suspicious/noThenProperty: that is what is tested
        ['a thenable', { authorize: () => ({ then: (fn: (v: string) => void) => fn('x') }) }, 'x'],
        ['an object of a class', { authorize: () => new Session() }, { user: 'ann' }],
        ['nothing', { authorize: () => undefined }, null],
        ['no authorize', {}, null],
      ];
      for (const [title, options, data] of answers) {
        await t.test(title, async () => {
          await withServer(engine, place, VERBS, { endpoint: '/w', ...options }, async () => {
            await using client = await VerbClient.open({ port }, '/w?x');
            assert.deepEqual(await client.do('data'), data);
          });
        });
      }
    });
  });

  test(`a connection knows the request that opened it: ${place}`, async () => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/w', keepHeaders: 'all' });
      const headers = { 'X-Twice': ['1', '2'], Cookie: 'a=b' } as unknown as Record<string, string>;
      await using client = await VerbClient.open({ port }, '/w?a=%20b', { websocket: { headers } });
      const request = (await client.do('request')) as Record<string, unknown>;
      const { cookie, host, 'x-twice': twice } = request.headers as Record<string, string>;
      assert.deepEqual(
        { ...request, headers: { cookie, host, twice } },
        {
          method: 'GET',
          url: '/w?a=%20b',
          remoteAddress: '127.0.0.1',
          headers: { cookie: 'a=b', host: `127.0.0.1:${port}`, twice: '1, 2' },
        },
      );
    });
  });
}

test('authorize refuses in its own words', async (t) => {
  await withEngine({ shards: 0, handshakeTimeout: 50 }, async (context) => {
    const answers: readonly [title: string, authorize: () => unknown, RegExp][] = [
      ['false, later', async () => false, /^HTTP\/1\.1 401 Unauthorized\r\n/],
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested
      ['a thenable of false', () => ({ then: (fn: (v: boolean) => void) => fn(false) }), /1 401 /],
      [
        'a Refusal with headers',
        () => {
          throw new Refusal(429, 'later', { 'Retry-After': '7' });
        },
        /^HTTP\/1\.1 429 Too Many Requests\r\n(.*\r\n)*Retry-After: 7\r\n\r\nlater$/,
      ],
      [
        'too late',
        () => new Promise(() => {}),
        /^HTTP\/1\.1 503 (.*\r\n)*\r\nauthorize timed out$/,
      ],
    ];
    for (const [title, authorize, answer] of answers) {
      await t.test(title, async () => {
        await withServer(
          context.engine,
          'closures',
          VERBS,
          { endpoint: '/w', authorize },
          async () => {
            assert.match(await knock(context.port), answer);
          },
        );
      });
    }
  });
});

test('what goes wrong in deciding is refused, and reported', async (t) => {
  await withEngine({ shards: 1 }, async (context) => {
    const throwing = (thrown: unknown) => () => {
      throw thrown;
    };
    const cases: readonly [title: string, ServerOptions, status: number, code: string][] = [
      ['a plain error', { authorize: throwing(new Error('oops')) }, 401, 'ERR_HANDLER'],
      ['undefined', { authorize: throwing(undefined) }, 401, 'ERR_HANDLER'],
      ['a status of success', { authorize: throwing({ status: 200 }) }, 401, 'ERR_HANDLER'],
      ['a status that is text', { authorize: throwing({ status: '403' }) }, 401, 'ERR_HANDLER'],
      ['a throwing origins', { origins: throwing(new Error('oops')) }, 401, 'ERR_HANDLER'],
      ['data that cannot go to a shard', { authorize: () => () => {} }, 500, 'ERR_HANDLER'],
      ['an id that is none', { idGenerator: () => '' }, 500, 'ERR_CONNECTION_ID'],
      ['an id with half a character', { idGenerator: () => '\ud83d' }, 500, 'ERR_CONNECTION_ID'],
      [
        'a throwing idGenerator',
        { idGenerator: throwing(new Error('no')) },
        500,
        'ERR_CONNECTION_ID',
      ],
    ];
    for (const [title, options, status, code] of cases) {
      await t.test(title, async () => {
        const place = title.startsWith('data') ? 'module' : 'closures';
        await withServer(context.engine, place, VERBS, { endpoint: '/w', ...options }, async () => {
          const headers = { Origin: 'http://example.com' };
          assert.match(await knock(context.port, headers), new RegExp(`^HTTP/1\\.1 ${status} `));
          assert.deepEqual(
            context.errors.splice(0).map((error) => error.code),
            [code],
          );
          assert.deepEqual(context.engine.shards, [{ shard: 1, connections: 0 }]);
        });
      });
    }
    await t.test('data that cannot be cloned is no error where it stays', async () => {
      const server = context.engine.server({ endpoint: '/w', authorize: () => () => 'called' });
      server.onConnection((c) => c.emitMessage((c.data as () => string)()));
      await server.ready;
      const client = await RawClient.open(context.port, '/w');
      assert.equal(await client.message(), 'called');
      await client[Symbol.asyncDispose]();
      await server.close();
    });
  });
});

for (const place of PLACES) {
  test(`an idGenerator makes the ids, each unique among the living: ${place}`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port, errors }) => {
      const idGenerator: ServerOptions['idGenerator'] = ({ url }) => url.slice('/w?'.length);
      await addServer(engine, place, VERBS, { endpoint: '/w', idGenerator, maxRoomNameBytes: 8 });
      const long = 'n'.repeat(300);
      const clients: VerbClient[] = [];
      for (const id of ['ann', 'bob', long]) {
        const client = await VerbClient.open({ port }, `/w?${id}`);
        assert.equal(await client.do('id'), id);
        await client.do('to', id, 'hello');
        assert.deepEqual(await client.next(), ['said', 'hello']);
        clients.push(client);
      }
      const [ann] = clients as [VerbClient];
      assert.match(await statusOf(port, '/w?ann'), /^HTTP\/1\.1 500 /);
      assert.equal((errors.pop() as EngineError).code, 'ERR_CONNECTION_ID');
      await ann[Symbol.asyncDispose]();
      await connectionsToBe(engine, 2);
      await using again = await VerbClient.open({ port }, '/w?ann');
      await clients[1]?.do('to', 'ann', 'back?');
      assert.deepEqual(await again.next(), ['said', 'back?']);
      for (const client of clients) await client[Symbol.asyncDispose]();
    });
  });
}

test('a server has maxConnections at most', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    await engine.server({ endpoint: '/w', maxConnections: 2 }).ready;
    await engine.server({ endpoint: '/other' }).ready;
    const first = await RawClient.open(port, '/w');
    await using second = await RawClient.open(port, '/w');
    assert.match(
      await statusOf(port, '/w'),
      /^HTTP\/1\.1 503 Service Unavailable\r\n(.*\r\n)*\r\nToo many connections$/,
    );
    await using other = await RawClient.open(port, '/other');
    await first[Symbol.asyncDispose]();
    await connectionsToBe(engine, 2);
    await using third = await RawClient.open(port, '/w');
    for (const { socket } of [second, other, third]) assert.equal(socket.destroyed, false);
  });
});

async function statusOf(port: number, path: string): Promise<string> {
  await using client = await RawClient.connect(port);
  client.send(upgradeRequest(path));
  return await client.rest();
}

/** Resolves when the engine has been told of the ends of connections. */
async function connectionsToBe(engine: TestEngine['engine'], count: number): Promise<void> {
  while (engine.shards.reduce((sum, { connections }) => sum + connections, 0) !== count) {
    await nextTurn();
  }
}
