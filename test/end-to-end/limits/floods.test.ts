import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { close, firstText, more, ping, text } from '../../conformance/client-frames.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { addServer, PLACES, withEngine, withServer } from '../kit/test-engine.ts';
import { until } from '../kit/until.ts';

const ECHO = new URL('../../conformance/echo.ts', import.meta.url);
const FLOODED = new URL('../fixtures/flooded.ts', import.meta.url);
const TIMED_OUT = /^HTTP\/1\.1 408 Request Timeout\r\n/;
/** Bounded, and more than the kernel takes for a client that does not read. */
const FLOOD_BYTES = 40 * 2 ** 20;
/** Clients that flood, and frames of each. */
const FLOODERS = 8;
const TINY = 100_000;
const options = { timeout: 30_000 };

/** Some frame so often that it makes a flood. */
function flood(frame: Buffer, bytes = FLOOD_BYTES): Buffer {
  return Buffer.alloc(Math.floor(bytes / frame.length) * frame.length, frame);
}

/** Someone who is served meanwhile. */
async function assertServed(port: number): Promise<void> {
  await using client = await RawClient.open(port, '/v');
  client.send(text('hello'));
  assert.equal(await client.message(), 'hello');
}

test('handshakes that never end are ended, and keep nobody out', options, async (t) => {
  const options = { shards: 1, handshakeTimeout: 400, maxHeaderBytes: 2 ** 24 };
  await withEngine(options, async ({ engine, port }) => {
    await addServer(engine, 'module', ECHO, { endpoint: '/v' });

    await t.test('one that trickles in, at handshakeTimeout', async () => {
      await using client = await RawClient.connect(port);
      client.send(`${upgradeRequest('/v').slice(0, -2)}X-Fill: `);
      let isEnded = false;
      const answer = client.rest().finally(() => {
        isEnded = true;
      });
      while (!isEnded) {
        client.send('x');
        await nextTurn();
      }
      assert.match(await answer, TIMED_OUT);
    });

    await t.test('one that never begins, at handshakeTimeout', async () => {
      await using client = await RawClient.connect(port);
      assert.match(await client.rest(), TIMED_OUT);
    });

    await t.test('five hundred at once', async () => {
      const half = await Promise.all(Array.from({ length: 500 }, () => RawClient.connect(port)));
      for (const client of half) client.send(upgradeRequest('/v').slice(0, 40));
      await assertServed(port);
      for (const client of half) assert.match(await client.rest(), TIMED_OUT);
      for (const client of half) await client[Symbol.asyncDispose]();
    });
  });
});

for (const place of PLACES) {
  test(`floods of frames: ${place}`, options, async (t) => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      const limited = { endpoint: '/v', maxBufferedBytes: 2 ** 16 };

      await t.test('pings whose pongs nobody reads end at maxBufferedBytes with 1013', () =>
        withServer(engine, place, ECHO, limited, async (server) => {
          await using client = await RawClient.open(port, '/v');
          client.send(flood(ping('p'.repeat(125))));
          await assertServed(port);
          await until(() => server.count() === 0); // others go ahead: it has long to be read
          for (;;) {
            const { opcode, payload } = await client.frame();
            if (opcode === 0xa) continue;
            assert.deepEqual([opcode, payload.readUInt16BE(0)], [8, 1013]);
            break;
          }
        }),
      );

      await t.test('empty fragments end at maxFragments with 1008', () =>
        withServer(engine, place, ECHO, limited, async () => {
          await using client = await RawClient.open(port, '/v');
          client.send(firstText(''));
          client.send(flood(more(''), 2 ** 20));
          await assertServed(port);
          assert.equal((await client.closeFrame()).code, 1008);
        }),
      );

      await t.test('tiny messages are all answered, and keep nobody waiting', () =>
        withServer(engine, place, ECHO, { endpoint: '/v', maxBufferedBytes: 2 ** 20 }, async () => {
          await using client = await RawClient.open(port, '/v');
          const frame = text('x');
          const messages = 50_000;
          client.send(flood(frame, messages * frame.length));
          client.send(close(1000));
          await assertServed(port);
          for (let i = 0; i < messages; i++) assert.equal(await client.message(), 'x');
          assert.equal((await client.closeFrame()).code, 1000);
        }),
      );
    });
  });
}

for (const place of PLACES) {
  for (const [what, frame] of [
    ['empty messages', text('')],
    ['pings', ping('')],
  ] as const) {
    test(
      `between ${what} of eight who flood, another one is answered: ${place}`,
      options,
      async () => {
        await withEngine({ shards: 1, watchdogMs: 1000 }, async ({ engine, port }) => {
          await addServer(engine, place, FLOODED, { endpoint: '/v', maxBufferedBytes: 2 ** 24 });
          await using other = await RawClient.open(port, '/v');
          const flooders = await Promise.all(
            Array.from({ length: FLOODERS }, () => RawClient.open(port, '/v')),
          );
          const countNow = async () => {
            other.send(text('x'));
            return Number(await other.message());
          };
          const before = await countNow();
          const all = before + FLOODERS * TINY;
          for (const client of flooders) {
            client.socket.resume();
            client.send(flood(frame, TINY * frame.length));
          }
          let between = 0;
          for (let count = before; count < all; count = await countNow()) {
            if (count > before) between += 1;
          }
          assert.equal(await countNow(), all, 'none is lost');
          assert.ok(between >= 20, `${between} answers between`);
          for (const client of flooders) await client[Symbol.asyncDispose]();
        });
      },
    );
  }
}
