import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { CodecName } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const TEXT = 'fanring.text.v1';
const MSGPACK = 'fanring.msgpack.v1';
const CODECS = createCodecs({
  codec: 'negotiate',
  eventPrefix: 'iris-websocket-message:',
  maxEventNameBytes: 256,
});

function open(port: number, codec: CodecName, protocols: string[]): Promise<VerbClient> {
  return VerbClient.open({ port }, '/n', { codec, protocols });
}

/** One of each, in turn on one shard and the other, in one room. */
async function openRoom(port: number): Promise<VerbClient[]> {
  const clients: VerbClient[] = [];
  for (const [codec, protocols] of [
    ['text', []],
    ['text', [TEXT]],
    ['msgpack', [MSGPACK]],
    ['msgpack', ['unknown', MSGPACK, TEXT]],
    ['text', []],
    ['text', [TEXT, MSGPACK]],
  ] as const) {
    const client = await open(port, codec, [...protocols]);
    await client.do('join', 'red');
    clients.push(client);
  }
  return clients;
}

/** A payload that counts how often it is made into JSON. */
class Counted {
  count = 0;

  toJSON(): string {
    this.count += 1;
    return 'counted';
  }
}

for (const { place, shards } of SETUPS) {
  test(`each client is spoken to in its codec: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, VERBS, { endpoint: '/n', codec: 'negotiate' });
      const clients = await openRoom(port);

      await t.test('the subprotocol that was chosen is named', () => {
        assert.deepEqual(
          clients.map(({ connection }) => connection.socket.protocol),
          ['', TEXT, MSGPACK, MSGPACK, '', TEXT],
        );
      });
      await t.test('events of a connection reach everyone in the room', async () => {
        for (const sender of clients) {
          await sender.do('to', 'red', 'héllo');
          for (const client of clients) assert.deepEqual(await client.next(), ['said', 'héllo']);
        }
      });
      await t.test('events for the others, and for all', async () => {
        for (const sender of clients) {
          await sender.do('toOthers', 'others');
          await sender.do('to', '', 'all');
          for (const client of clients) {
            if (client !== sender) assert.deepEqual(await client.next(), ['said', 'others']);
            assert.deepEqual(await client.next(), ['said', 'all']);
          }
        }
      });
      await t.test('events by id cross from one codec to the other', async () => {
        for (const sender of clients) {
          for (const client of clients) {
            await sender.do('to', await client.do('id'), 'you');
            assert.deepEqual(await client.next(), ['said', 'you']);
          }
        }
      });
      await t.test('native messages, of text and of bytes', async () => {
        const bytes = Uint8Array.of(0, 1, 255);
        await clients[0]?.do('toNative', 'red', 'native');
        for (const client of clients) assert.equal(await client.next(), 'native');
        server.to('red').emitMessage(bytes);
        for (const client of clients) assert.deepEqual(await client.next(), bytes);
      });
      await t.test('but none that those with text would take for an event', async () => {
        const forged = 'iris-websocket-message:said;0;forged';
        for (const native of [forged, `\ufeff${forged}`, Buffer.from(forged)]) {
          assert.throws(() => server.to('red').emitMessage(native), { code: 'ERR_PAYLOAD' });
        }
        server.to('red').emitMessage('the next');
        for (const client of clients) assert.equal(await client.next(), 'the next');
      });
      await t.test('events of the server, with payloads of all types', async () => {
        for (const payload of ['x', 7, true, null, { a: [1.5] }, Uint8Array.of(0, 255)]) {
          server.to('red').emit('news', payload);
          for (const client of clients) assert.deepEqual(await client.next(), ['news', payload]);
        }
      });
      await t.test('frames are of the codec: text for text, binary for msgpack', async () => {
        server.to('red').emit('raw', 5);
        const [text, msgpack] = CODECS.map((codec) => codec.encode('raw', 5));
        for (const { connection } of clients) {
          const isMsgpack = connection.socket.protocol === MSGPACK;
          const expected = isMsgpack ? new Uint8Array(msgpack as Uint8Array) : text;
          assert.deepEqual(await connection.next(), expected);
        }
      });
      await t.test('who has left the room hears no more of it', async () => {
        for (const client of clients.slice(0, 3)) await client.do('leave', 'red');
        for (const sender of clients) await sender.do('to', 'red', 'those who stay');
        for (const client of clients) await client.do('endOf', '');
        for (const [i, client] of clients.entries()) {
          const received: unknown[] = [];
          for (const _ of clients) received.push(...(await client.untilEnd()));
          assert.equal(received.length, i < 3 ? 0 : clients.length, `client ${i}`);
        }
      });
      for (const client of clients) await client[Symbol.asyncDispose]();
    });
  });

  test(`an emit is encoded for who is there: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const server = await addServer(engine, place, VERBS, { endpoint: '/n', codec: 'negotiate' });
      const emitted = async (members: readonly VerbClient[]) => {
        const payload = new Counted();
        server.to('red').emit('counted', payload);
        for (const member of members) assert.deepEqual(await member.next(), ['counted', 'counted']);
        return payload.count;
      };
      /** How often msgpack, which looks before it packs, calls toJSON for one payload. */
      const counted = new Counted();
      CODECS[1]?.encode('counted', counted);
      const oncePacked = counted.count;

      assert.equal(await emitted([]), 0);
      const texts = [await open(port, 'text', []), await open(port, 'text', [TEXT])];
      assert.equal(await emitted([]), 0, 'who is not in the room does not count');
      for (const client of texts) await client.do('join', 'red');
      assert.equal(await emitted(texts), 1);
      const packs = [
        await open(port, 'msgpack', [MSGPACK]),
        await open(port, 'msgpack', [MSGPACK]),
      ];
      for (const client of packs) await client.do('join', 'red');
      assert.equal(await emitted([...texts, ...packs]), 1 + oncePacked);
      for (const client of texts) await client.do('leave', 'red');
      assert.equal(await emitted(packs), oncePacked);
      for (const client of packs) await client.do('leave', 'red');
      assert.equal(await emitted([]), 0);
      for (const client of [...texts, ...packs]) await client[Symbol.asyncDispose]();
    });
  });
}

for (const [codec, protocol] of [
  ['text', TEXT],
  ['msgpack', MSGPACK],
] as const) {
  test(`a server of ${codec} alone takes its own subprotocol and no other`, async () => {
    await withEngine({ shards: 0 }, async ({ engine, port }) => {
      await addServer(engine, 'closures', VERBS, { endpoint: '/n', codec, protocols: ['own'] });
      for (const [offered, chosen] of [
        [[protocol], protocol],
        [[codec === 'text' ? MSGPACK : TEXT, protocol], protocol],
        [['own', protocol], 'own'],
        [[], ''],
      ] as const) {
        await using client = await open(port, codec, [...offered]);
        assert.equal(client.connection.socket.protocol, chosen);
        assert.equal(await client.do('isJoined', 'red'), false);
      }
    });
  });
}

for (const { place, shards } of SETUPS) {
  test(`half of a surrogate pair in JSON is no invalid UTF-8 in msgpack: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/n', codec: 'negotiate' });
      await using text = await open(port, 'text', [TEXT]);
      await using packed = await open(port, 'msgpack', [MSGPACK]);
      await packed.do('join', 'red');
      text.ask('to', 'red', { '\ud800': ['\udc00'] });
      const bytes = Buffer.from((await packed.connection.next()) as Uint8Array);
      // A map of one: U+FFFD, in an array of one: U+FFFD.
      assert.equal(bytes.subarray(-10).toString('hex'), '81a3efbfbd91a3efbfbd');
    });
  });
}
