import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Server, ServerOptions } from '../../../src/main/index.ts';
import { binary, text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, type Place, withEngine } from '../kit/test-engine.ts';
import { VerbClient, type VerbClientOptions } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const SERVERS = 50;
/** On every server there are the same three ids, and the same room with the first two in it. */
const IDS = ['ann', 'bob', 'cid'];

interface Variant {
  readonly place: Place;
  readonly options: ServerOptions & { endpoint: string; maxMessageSize: number };
  readonly client: VerbClientOptions;
}

/** No two servers are configured alike. */
function variant(i: number): Variant {
  const codec = i % 3 === 0 ? 'msgpack' : 'text';
  const eventPrefix = `prefix-${i}:`;
  return {
    place: i % 2 === 0 ? 'closures' : 'module',
    options: {
      endpoint: `/server/${i}`,
      codec,
      eventPrefix,
      maxMessageSize: 300 + i,
      maxRooms: 1 + (i % 7),
      headers: { 'X-Server': `number ${i}` },
      protocols: [`protocol-${i}`],
      idGenerator: ({ url }) => url.slice(url.indexOf('?') + 1),
    },
    client: { codec, eventPrefix, protocols: ['protocol-other', `protocol-${i}`] },
  };
}

interface Guest {
  readonly server: number;
  readonly id: string;
  readonly client: VerbClient;
}

test('50 servers in one process see nothing of each other', async (t) => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    const variants = Array.from({ length: SERVERS }, (_, i) => variant(i));
    const servers: Server[] = [];
    for (const { place, options } of variants) {
      servers.push(await addServer(engine, place, VERBS, options));
    }

    const guests: Guest[] = [];
    for (const [server, { options, client: clientOptions }] of variants.entries()) {
      for (const id of IDS) {
        const client = await VerbClient.open({ port }, `${options.endpoint}?${id}`, clientOptions);
        if (id !== 'cid') await client.do('join', 'lobby');
        guests.push({ server, id, client });
      }
    }

    await t.test('rooms, ids and messages, of equal names on all of them', async () => {
      await Promise.all(guests.map(talk));
      // All of that has been sent, on every thread, before any of this: it would come before.
      await Promise.all(guests.map(({ client }) => client.do('endOf', '')));
      for (const server of servers) server.to('').emit('end');
      for (const { server, id, client } of guests) {
        const received: unknown[] = [];
        for (const _ of [...IDS, 'the server']) received.push(...(await client.untilEnd()));
        const said = received.map((message) => (message as [string, string])[1]).sort();
        assert.deepEqual(said, expected(server, id), `${id} of server ${server}`);
      }
    });

    await t.test('headers and subprotocols', () => {
      for (const { server, client } of guests) {
        assert.equal(client.connection.socket.protocol, `protocol-${server}`);
      }
    });

    await t.test('headers, limits of messages and of rooms', async () => {
      for (const [server, { options }] of variants.entries())
        await checkLimits(port, server, options);
      for (const { server, id, client } of guests) {
        if (id === 'cid') await checkMaxRooms(client, variants[server]?.options.maxRooms as number);
      }
    });

    await Promise.all(guests.map(({ client }) => client[Symbol.asyncDispose]()));
  });
});

/** To everyone, to the others, to the room, and to each id. */
async function talk({ server, id, client }: Guest): Promise<void> {
  const from = `${server}/${id}`;
  await client.do('to', '', `${from} to all`);
  await client.do('toOthers', `${from} to others`);
  await client.do('to', 'lobby', `${from} to lobby`);
  for (const other of IDS) await client.do('to', other, `${from} to ${other}`);
}

function expected(server: number, id: string): string[] {
  const said = IDS.flatMap((from) => [`${server}/${from} to all`, `${server}/${from} to ${id}`]);
  for (const from of IDS) {
    if (from !== id) said.push(`${server}/${from} to others`);
    if (id !== 'cid') said.push(`${server}/${from} to lobby`);
  }
  return said.sort();
}

async function checkLimits(port: number, server: number, options: Variant['options']) {
  await using client = await RawClient.connect(port);
  const head = await client.upgrade(`${options.endpoint}?limits`);
  assert.match(head, new RegExp(`^X-Server: number ${server}\r$`, 'm'));
  const content = 'x'.repeat(options.maxMessageSize);
  // Native in either codec: in msgpack a text frame.
  client.send(text(content));
  assert.equal(await client.message(), content);
  client.send(binary(`${content}x`));
  assert.equal((await client.closeFrame()).code, 1009);
}

async function checkMaxRooms(client: VerbClient, maxRooms: number): Promise<void> {
  for (let room = 1; room <= maxRooms; room++) await client.do('join', `room ${room}`);
  await assert.rejects(client.do('join', 'one more'), { code: 'ERR_ROOM_LIMIT' });
}
