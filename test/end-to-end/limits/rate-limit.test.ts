import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { RateLimit } from '../../../src/main/index.ts';
import { Incoming } from '../../../src/workers/connection/incoming.ts';
import { RateLimiter } from '../../../src/workers/read/rate-limiter.ts';
import { firstText, frame, last, more, ping, pong, text } from '../../conformance/client-frames.ts';
import { deflated } from '../../conformance/compressed-cases.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine, withServer } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const CLOSE = frame(0x88, '');

interface Case {
  readonly title: string;
  readonly limit: RateLimit;
  /** Arrive together: no time passes for tokens to come. */
  readonly frames: readonly Buffer[];
  readonly echoes: readonly string[];
  /** The code that it is closed with; none: it stays open. */
  readonly closes?: number;
  readonly told: readonly string[];
}

/** Tokens enough to say with which code it closes, and no more before the test is over. */
const SLOW = { messagesPerSecond: 1 };
const ERROR = 'ERR_RATE_LIMIT';

const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
const zText = (message: string) => frame(0xc1, deflated(message));
/** Closes with 1007 whoever is found to have sent it. */
const BROKEN = frame(0xc1, Buffer.of(0x07));

const CASES: readonly Case[] = [
  {
    title: 'takes a burst of messages',
    limit: { ...SLOW, burstMessages: 3 },
    frames: [text('1'), text('2'), text('3')],
    echoes: ['1', '2', '3'],
    told: [],
  },
  {
    title: 'closes with 1008 at one message more',
    limit: { ...SLOW, burstMessages: 3 },
    frames: [text('1'), text('2'), text('3'), text('4'), text('5')],
    echoes: ['1', '2', '3'],
    closes: 1008,
    told: [ERROR],
  },
  {
    title: 'counts pings and pongs',
    limit: { ...SLOW, burstMessages: 3 },
    frames: [ping('1'), pong(''), ping('2'), ping('3')],
    echoes: ['1', '2'],
    closes: 1008,
    told: [ERROR],
  },
  {
    title: 'counts bytes',
    limit: { bytesPerSecond: 1, burstBytes: 1024 },
    frames: [text('a'.repeat(1000)), text('b'.repeat(24)), text(''), text('c')],
    echoes: ['a'.repeat(1000), 'b'.repeat(24), ''],
    closes: 1008,
    told: [ERROR],
  },
  {
    title: 'drops whole messages where it is told to, and says so once',
    limit: { ...SLOW, burstMessages: 2, exceeded: 'drop' },
    frames: [text('1'), text('2'), text('3'), ping('4'), text('5')],
    echoes: ['1', '2'],
    told: [ERROR],
  },
  {
    title: 'counts a compressed message once',
    limit: { ...SLOW, burstMessages: 3 },
    frames: [zText('1'), zText('2'), text('3'), zText('4')],
    echoes: ['1', '2', '3'],
    closes: 1008,
    told: [ERROR],
  },
  {
    title: 'counts the bytes of a compressed message inflated',
    limit: { bytesPerSecond: 1, burstBytes: 1024, exceeded: 'drop' },
    frames: ['a', 'b', 'c', 'd'].map((it) => zText(it.repeat(it === 'd' ? 24 : 1000))),
    echoes: ['a'.repeat(1000), 'd'.repeat(24)],
    told: [ERROR],
  },
  {
    title: 'inflates nothing of a compressed message that is too many',
    limit: { ...SLOW, burstMessages: 1, exceeded: 'drop' },
    frames: [zText('1'), BROKEN, frame(0x41, Buffer.of(0x07)), more('2'), last('3'), zText('4')],
    echoes: ['1'],
    told: [ERROR],
  },
  {
    title: 'closes with 1008 at the first fragment of a compressed message more',
    limit: { ...SLOW, burstMessages: 1 },
    frames: [zText('1'), frame(0x41, deflated('2')), last(''), firstText('3')],
    echoes: ['1'],
    closes: 1008,
    told: [ERROR],
  },
];

for (const { place, shards } of SETUPS) {
  test(`rateLimit: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      for (const { title, limit, frames, echoes, closes, told } of CASES) {
        await t.test(title, async () => {
          const options = { endpoint: '/v', rateLimit: limit, compression: true };
          await withServer(engine, place, VERBS, options, async () => {
            const seen: string[] = [];
            await using client = await RawClient.open(port, '/v', OFFER);
            await using watcher = await VerbClient.open({ port }, '/v');
            await watcher.do('join', 'watchers');
            client.send(Buffer.concat(frames));
            const answered: string[] = [];
            let next = await client.frame();
            for (; next.opcode !== 8; next = await client.frame()) {
              answered.push(next.payload.toString());
              if (closes === undefined && answered.length === echoes.length) client.send(CLOSE);
            }
            assert.equal(next.payload.length && next.payload.readUInt16BE(), closes ?? 0);
            // What closures answer comes too late where the rest of the packet closes it.
            if (place === 'module' || closes === undefined) assert.deepEqual(answered, echoes);
            client.socket.end();
            for (let what = ''; what !== 'disconnect'; ) {
              const [, saw] = (await watcher.next()) as [
                string,
                [string, string, { code: string }],
              ];
              what = saw[1];
              if (what === 'error') seen.push(saw[2].code);
            }
            assert.deepEqual(seen, told);
          });
        });
      }
    });
  });
}

test('behind the message that closes it nothing is read any more', async (t) => {
  const heard = t.mock.method(Incoming.prototype, 'onMessage');
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    const rateLimit = { ...SLOW, burstMessages: 3 };
    await addServer(engine, 'module', VERBS, { endpoint: '/v', rateLimit });
    await using client = await RawClient.open(port, '/v');
    client.send(Buffer.concat(Array.from({ length: 100 }, () => text(''))));
    await client.rest();
    assert.equal(heard.mock.callCount(), 4);
  });
});

test('a connection is excused for the time in which the server did not read', async (t) => {
  const held = t.mock.method(RateLimiter.prototype, 'held');
  const released = t.mock.method(RateLimiter.prototype, 'released');
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    await addServer(engine, 'closures', VERBS, { endpoint: '/v', rateLimit: SLOW });
    const before = performance.now();
    await using client = await RawClient.open(port, '/v');
    const [[first], [second]] = [held.mock.calls, released.mock.calls];
    const [heldAt = -1, releasedAt = -1] = [first?.arguments[0], second?.arguments[0]];
    assert.ok(before <= heldAt && heldAt <= releasedAt && releasedAt <= performance.now());
    await client[Symbol.asyncDispose]();
  });
});

test('nobody is counted by default', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/v' });
    await using client = await RawClient.open(port, '/v');
    const frames = Array.from({ length: 10_000 }, () => text(''));
    client.send(Buffer.concat([...frames, text('the last')]));
    let message = '';
    while (message !== 'the last') message = await client.message();
  });
});
