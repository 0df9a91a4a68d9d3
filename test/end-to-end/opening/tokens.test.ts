import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type ConnectionRequest, withExpiry } from '../../../src/main/index.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine, withServer } from '../kit/test-engine.ts';
import { openWithToken, tokenOffer } from '../kit/tokens.ts';

const TOKENS = new URL('../fixtures/tokens.ts', import.meta.url);
const ECHO = new URL('../fixtures/token-echo.ts', import.meta.url);
const SECRET = 'sécret ✓';

/** The answer to an upgrade that is refused, and its body. */
async function refused(port: number, offers: string): Promise<string> {
  await using client = await RawClient.connect(port);
  client.send(upgradeRequest('/a', { 'Sec-WebSocket-Protocol': offers }));
  const { head, body } = await client.answer();
  return `${/ (\d+) /.exec(head)?.[1]} ${body}`;
}

for (const { place, shards } of SETUPS) {
  test(`a token is shown to authorize and onConnection, and then dropped: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const seen: ConnectionRequest[] = [];
      const see = (request: ConnectionRequest) => {
        seen.push(request);
      };
      const options = { endpoint: '/a', protocols: [tokenOffer(SECRET)] };
      const idGenerator = (request: ConnectionRequest) => String(seen.push(request));
      const all = { ...options, authorize: see, idGenerator };
      const server = await addServer(engine, place, TOKENS, all);
      await using client = await openWithToken(port, '/a', SECRET);
      assert.equal(client.connection.socket.protocol, 'fanring.text.v1');
      for (const { token, headers } of seen) {
        assert.deepEqual([token, headers['sec-websocket-protocol']], [SECRET, 'fanring.text.v1']);
      }
      assert.equal(seen.length, 2);
      const { told, now } = (await client.call('who')) as { told: unknown; now: unknown };
      assert.deepEqual([told, now], [[SECRET, 'fanring.text.v1'], null]);
      const { connections } = await server.connections();
      assert.equal(connections.length, 1);
      assert.ok(!inspect(connections).includes(SECRET));
    });
  });

  test(`it is dropped though onConnection has not looked at it: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, ECHO, { endpoint: '/a' });
      await using client = await openWithToken(port, '/a', SECRET);
      assert.equal(await client.call('token'), null);
    });
  });

  test(`keepHeaders 'all' keeps it: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, TOKENS, { endpoint: '/a', keepHeaders: 'all' });
      await using client = await openWithToken(port, '/a', SECRET);
      assert.equal(((await client.call('who')) as { now: unknown }).now, SECRET);
    });
  });
}

test('a token that is malformed, or one of several, is refused, and not shown', async () => {
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    await addServer(engine, 'closures', TOKENS, { endpoint: '/a' });
    const malformed = '400 fanring.token.… must be the base64url of UTF-8';
    const shown = Buffer.from(malformed).toString('latin1');
    for (const text of ['c', 'c2=', 'c2+', 'YR', '_w']) {
      assert.equal(await refused(port, `fanring.text.v1, fanring.token.${text}`), shown, text);
    }
    const several = Buffer.from('400 there is more than one fanring.token.…').toString('latin1');
    assert.equal(await refused(port, 'fanring.token.YQ, fanring.token.Yg'), several);
    const doubled = await refused(port, 'fanring.token.YQ, fanring.token.YQ');
    assert.equal(doubled, several);
  });
});

test('a time that has passed refuses with 401, and a time that is none with 500', async () => {
  await withEngine({ shards: 0 }, async ({ engine, port, errors }) => {
    const times = { past: Date.now() - 1, seconds: 1_764_553_748, none: Number.NaN };
    for (const [what, time, answer, message] of [
      ['passed', times.past, '401 the token has expired', undefined],
      ['passed, as a Date', new Date(times.past), '401 the token has expired', undefined],
      [
        'seconds',
        times.seconds,
        '500 Internal Server Error',
        'expiresAt: 1764553748 is a time in 1974 or before; are these seconds? Give milliseconds',
      ],
      [
        'no number',
        times.none,
        '500 Internal Server Error',
        'expiresAt: NaN is not a Date, or milliseconds since the epoch',
      ],
    ] as const) {
      const authorize = async () => withExpiry('me', time);
      await withServer(engine, 'closures', TOKENS, { endpoint: '/a', authorize }, async () => {
        assert.equal(await refused(port, 'fanring.text.v1'), answer, what);
      });
      const told = errors.splice(0).map(({ code, message: text }) => [code, text]);
      assert.deepEqual(told, message === undefined ? [] : [['ERR_OPTION', message]]);
    }
  });
});
