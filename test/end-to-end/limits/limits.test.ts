import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { ServerOptions } from '../../../src/main/index.ts';
import { FrameReader } from '../../../src/workers/read/frame-reader.ts';
import { Transport } from '../../../src/workers/write/transport.ts';
import {
  binary,
  firstText,
  frame,
  last,
  more,
  ping,
  pong,
  text,
} from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, PLACES, withEngine, withServer } from '../kit/test-engine.ts';
import { skippedOverTls } from '../kit/transport.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const PREFIX = 'iris-websocket-message:';

interface Case {
  readonly title: string;
  readonly options?: ServerOptions;
  readonly frames: readonly Buffer[];
  /** What comes back. */
  readonly echoes?: readonly string[];
  /** The close code that ends it; none: it stays open. */
  readonly closes?: number;
}

const a = (bytes: number) => 'a'.repeat(bytes);

const CASES: readonly Case[] = [
  { title: 'takes 1024 bytes by default', frames: [text(a(1024))], echoes: [a(1024)] },
  { title: 'refuses more by default with 1009', frames: [text(a(1025))], closes: 1009 },
  {
    title: 'takes maxMessageSize bytes in one frame',
    options: { maxMessageSize: 100 },
    frames: [text(a(100)), binary(a(100))],
    echoes: [a(100), a(100)],
  },
  {
    title: 'refuses one byte more than maxMessageSize with 1009, at its header',
    options: { maxMessageSize: 100 },
    frames: [text(a(101)).subarray(0, 2)],
    closes: 1009,
  },
  {
    title: 'takes maxMessageSize bytes over all fragments',
    options: { maxMessageSize: 100 },
    frames: [firstText(a(50)), ping(a(60)), more(a(49)), last(a(1))],
    echoes: [a(60), a(100)],
  },
  {
    title: 'refuses one byte more over all fragments with 1009',
    options: { maxMessageSize: 100 },
    frames: [firstText(a(50)), more(a(49)), last(a(2))],
    closes: 1009,
  },
  {
    title: 'counts bytes and not characters',
    options: { maxMessageSize: 100 },
    frames: [text('é'.repeat(51))],
    closes: 1009,
  },
  {
    title: 'takes maxFragments fragments',
    options: { maxFragments: 3 },
    frames: [firstText('1'), more('2'), last('3'), text('again')],
    echoes: ['123', 'again'],
  },
  {
    title: 'refuses one fragment more than maxFragments with 1008',
    options: { maxFragments: 3 },
    frames: [firstText('1'), more(''), more(''), more('')],
    closes: 1008,
  },
];

for (const place of PLACES) {
  test(`limits of what a client sends: ${place}`, async (t) => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      for (const { title, options, frames, echoes = [], closes } of CASES) {
        await t.test(title, async () => {
          await withServer(engine, place, VERBS, { endpoint: '/v', ...options }, async () => {
            await using client = await RawClient.open(port, '/v');
            for (const bytes of frames) client.send(bytes);
            for (const echo of echoes) assert.equal(await client.message(), echo);
            if (closes === undefined) client.send(frame(0x88, ''));
            const { code, reason } = await client.closeFrame();
            assert.equal(code, closes ?? 1005);
            if (code === 1009) assert.match(reason, /maxMessageSize/);
            if (code === 1008) assert.match(reason, /maxFragments/);
          });
        });
      }
    });
  });

  test(`maxEventNameBytes holds for both directions: ${place}`, async () => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v', maxEventNameBytes: 6 });
      await using client = await VerbClient.open({ port }, '/v');
      await client.do('join', 'watchers');
      await client.do('emitAs', 'éée');
      assert.deepEqual(await client.next(), ['éée', null]);
      await assert.rejects(client.do('emitAs', 'ééée'), {
        code: 'ERR_EVENT_NAME',
        message: /\(6\)/,
      });
      await assert.rejects(client.do('emitAs', 'a;b'), { code: 'ERR_EVENT_NAME' });
      client.connection.emit('éée', 'nobody handles it');
      client.connection.emit('ééée', 'too long');
      const [, [, what, detail]] = (await client.next()) as [string, [string, string, never]];
      assert.deepEqual([what, (detail as { code: string }).code], ['error', 'ERR_MALFORMED_EVENT']);
    });
  });

  test(`eventPrefix is what events begin with, in both directions: ${place}`, async () => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v', eventPrefix: 'my;prefix:' });
      await using client = await RawClient.open(port, '/v');
      client.send(text('my;prefix:do;4;["say","hello"]'));
      assert.equal(await client.message(), 'my;prefix:said;0;hello');
      assert.match(await client.message(), /^my;prefix:result;/);
      client.send(text(`${PREFIX}do;4;["say","hello"]`));
      assert.equal(
        await client.message(),
        `${PREFIX}do;4;["say","hello"]`,
        'it is a native message',
      );
    });
  });

  test(`pings and pongs of the client are told to the handlers: ${place}`, async () => {
    await withEngine({ shards: 1 }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      await using watcher = await VerbClient.open({ port }, '/v');
      await watcher.do('join', 'watchers');
      await using client = await RawClient.open(port, '/v');
      client.send(Buffer.concat([ping('one'), ping(''), pong('two')]));
      assert.deepEqual(await client.frame(), { opcode: 0xa, payload: Buffer.from('one') });
      assert.deepEqual(await client.frame(), { opcode: 0xa, payload: Buffer.alloc(0) });
      for (const told of [
        ['ping', 'one'],
        ['ping', ''],
        ['pong', 'two'],
      ]) {
        const [, [, ...rest]] = (await watcher.next()) as [string, [string, string, string]];
        assert.deepEqual(rest, told);
      }
    });
  });
}

const skip = skippedOverTls('TLS is read in its records');

test('a socket is read in pieces of at most readBufferSize', { skip }, async (t) => {
  const read = t.mock.method(FrameReader.prototype, 'read');
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    for (const readBufferSize of [64, 1000]) {
      await addServer(engine, 'closures', VERBS, {
        endpoint: `/${readBufferSize}`,
        readBufferSize,
      });
      await using client = await RawClient.open(port, `/${readBufferSize}`);
      read.mock.resetCalls();
      for (let i = 0; i < 5; i++) client.send(text(a(1000)));
      for (let i = 0; i < 5; i++) assert.equal(await client.message(), a(1000));
      const sizes = read.mock.calls.map(({ arguments: [chunk] }) => (chunk as Buffer).length);
      assert.equal(Math.max(...sizes), readBufferSize);
    }
  });
});

test('writes of a tick are joined up to writeBufferSize; what is larger goes alone', async (t) => {
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    await addServer(engine, 'closures', VERBS, { endpoint: '/v', writeBufferSize: 256 });
    await using client = await RawClient.open(port, '/v');
    const write = t.mock.method(Transport.prototype, 'write');
    // Frames of 102 bytes: two together, then a third would be too many.
    client.send(text(`${PREFIX}do;4;["flood",5,100]`));
    client.send(text(`${PREFIX}do;4;["flood",2,500]`));
    for (let i = 0; i < 5 + 1 + 2 + 1; i++) await client.message();
    const sizes = write.mock.calls.map(({ arguments: [bytes] }) => bytes.length);
    write.mock.restore();
    const resultBytes = 2 + `${PREFIX}result;4;null`.length;
    assert.deepEqual(sizes, [204, 204, 102 + resultBytes, 504, 504, resultBytes]);
  });
});
