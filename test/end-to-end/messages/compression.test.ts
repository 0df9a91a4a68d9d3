import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import type { CodecName } from '../../../src/shared/codec/codec.ts';
import { frame, ping, text } from '../../conformance/client-frames.ts';
import { deflated } from '../../conformance/compressed-cases.ts';
import { Conversation } from '../../conformance/conversation.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, PLACES, SETUPS, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
const NO_TAKEOVER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
const LIMITS = { maxMessageSize: 200_000 };

/** What clients of ws may offer, and what they are answered. */
const OFFERS = [
  [false, ''],
  [true, NO_TAKEOVER],
  [{ threshold: 0, serverMaxWindowBits: 9 }, `${NO_TAKEOVER}; server_max_window_bits=9`],
  [{ threshold: 0, clientMaxWindowBits: 9 }, NO_TAKEOVER],
  [{ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true }, NO_TAKEOVER],
] as const;

function openAll(port: number, codec: CodecName): Promise<VerbClient[]> {
  const open = ([perMessageDeflate]: (typeof OFFERS)[number]) =>
    VerbClient.open({ port }, `/${codec}`, { codec, websocket: { perMessageDeflate } });
  return Promise.all(OFFERS.map(open));
}

for (const { place, shards } of SETUPS) {
  for (const codec of ['text', 'msgpack'] as const) {
    test(`who compresses and who does not hear the same: ${codec}, ${place}, ${shards} shards`, async () => {
      await withEngine({ shards }, async ({ engine, port }) => {
        const options = { ...LIMITS, endpoint: `/${codec}`, codec, compression: true };
        const server = await addServer(engine, place, VERBS, options);
        const clients = await openAll(port, codec);
        for (const [i, client] of clients.entries()) {
          assert.equal(client.connection.socket.extensions, OFFERS[i]?.[1] && 'permessage-deflate');
          await client.do('join', 'red');
        }
        for (const bytes of [0, 1, 500, 1000, 1100, 5000, 40_000, 150_000]) {
          const said = '{"ä":123}'.repeat(bytes / 10);
          for (const sender of clients) {
            await sender.do('to', 'red', said);
            await sender.do('say', `${said}.`);
          }
          server.to('red').emit('said', said);
          for (const client of clients) {
            const heard: string[] = [];
            while (heard.length < clients.length + 2) {
              heard.push(JSON.stringify(await client.next()));
            }
            const shared = JSON.stringify(['said', said]);
            const own = JSON.stringify(['said', `${said}.`]);
            assert.deepEqual(
              heard.sort(),
              [...new Array(clients.length + 1).fill(shared), own].sort(),
            );
          }
        }
        await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
      });
    });
  }
}

for (const place of PLACES) {
  test(`messages keep their order, compressed or not: ${place}`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port }) => {
      const options = { ...LIMITS, endpoint: '/o', compression: { threshold: 100 } };
      await addServer(engine, place, VERBS, options);
      const websocket = { perMessageDeflate: { threshold: 50 } };
      await using client = await VerbClient.open({ port }, '/o', { websocket });
      const sent = Array.from({ length: 300 }, (_, i) => `${i} `.repeat((i * 37) % 200));
      for (const message of sent) client.connection.send(message);
      for (const message of sent) assert.equal(await client.next(), message);
    });
  });

  test(`short messages and control frames go as they are: ${place}`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/t', compression: { threshold: 100 } });
      const conversation = await Conversation.open(port, '/t', OFFER);
      const [short, long] = ['x'.repeat(99), 'x'.repeat(100)];
      conversation.send(frame(0xc1, deflated(short)));
      const answer = await conversation.next(2 + short.length);
      assert.deepEqual(answer, Buffer.from(`\x81\x63${short}`, 'latin1'));
      conversation.send(ping('p'.repeat(120)));
      assert.equal((await conversation.next(2 + 120))[0], 0x8a);
      conversation.send(text(long));
      const [first, bytes = 0] = await conversation.next(2);
      assert.equal(first, 0xc1);
      assert.ok(bytes < 20, `${bytes} bytes`);
      conversation.end();
      await conversation.rest();
    });
  });

  test(`messages to all go compressed, in each shard: ${place}`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port }) => {
      const options = { ...LIMITS, endpoint: '/a', compression: true };
      const server = await addServer(engine, place, VERBS, options);
      const listeners: Conversation[] = [];
      for (let i = 0; i < 3; i++) listeners.push(await Conversation.open(port, '/a', OFFER));
      await using client = await VerbClient.open({ port }, '/a');
      const message = 'Hello, '.repeat(1000);
      await client.do('toNative', '', message);
      server.to('').emitMessage(message);
      for (const listener of listeners) {
        for (let i = 0; i < 2; i++) {
          const [first, bytes = 0] = await listener.next(2);
          assert.equal(first, 0xc1);
          assert.ok(bytes < 126, 'it is short, and so is its header');
          await listener.next(bytes);
        }
        listener.end();
        await listener.rest();
      }
    });
  });

  test(`what is inflated keeps to the limits: ${place}`, async () => {
    await withEngine({ shards: 2 }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/l', compression: true });
      for (const [bytes, code] of [
        [deflated('x'.repeat(1025)), 1009],
        [deflated(Buffer.alloc(2 ** 24)), 1009],
        [Buffer.from('ff', 'hex'), 1007],
        [deflated(Buffer.from('ff', 'hex')), 1007],
      ] as const) {
        await using watcher = await VerbClient.open({ port }, '/l');
        await watcher.do('join', 'watchers');
        await using client = await RawClient.open(port, '/l', OFFER);
        client.send(frame(0xc1, bytes.subarray(0, 1500)));
        assert.equal((await client.closeFrame()).code, code);
        const [, [, what, detail]] = (await watcher.next()) as [string, [string, string, object]];
        const error = code === 1009 ? 'ERR_MESSAGE_SIZE' : 'ERR_PROTOCOL';
        assert.equal(what, 'error');
        assert.equal((detail as { code: string }).code, error);
      }
    });
  });
}

test('without the option a client that offers compression is answered without', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/off' });
    await using client = await RawClient.connect(port);
    assert.doesNotMatch(await client.upgrade('/off', OFFER), /Sec-WebSocket-Extensions/i);
    client.send(frame(0xc1, deflated('Hello')));
    assert.equal((await client.closeFrame()).code, 1002);
  });
});

test('an offer that cannot be accepted is declined, a header that is none fails', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { endpoint: '/d', compression: true });
    const upgrade = async (offer: string) => {
      await using client = await RawClient.connect(port);
      return await client.upgrade('/d', { 'Sec-WebSocket-Extensions': offer });
    };
    assert.match(
      await upgrade('permessage-deflate'),
      new RegExp(`^Sec-WebSocket-Extensions: ${NO_TAKEOVER}\r$`, 'm'),
    );
    assert.doesNotMatch(await upgrade('permessage-deflate; x=1'), /Sec-WebSocket-Extensions/);
    assert.match(
      await upgrade('permessage-deflate; x=1, permessage-deflate; server_max_window_bits=12'),
      /; server_max_window_bits=12\r$/m,
    );
    await assert.rejects(upgrade('permessage-deflate; ='), /^Error: HTTP\/1.1 400 /);
  });
});

test('the WebSocket of Node.js compresses', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await addServer(engine, 'module', VERBS, { ...LIMITS, endpoint: '/n', compression: true });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/n`);
    await once(socket, 'open');
    assert.match(socket.extensions, /permessage-deflate/);
    for (const message of ['short', 'long '.repeat(10_000)]) {
      socket.send(message);
      const [{ data }] = (await once(socket, 'message')) as [MessageEvent];
      assert.equal(data, message);
    }
    socket.close();
    await once(socket, 'close');
  });
});
