import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { frame, last, text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { skippedOverTls } from '../kit/transport.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);

interface Case {
  readonly skip?: string | false;
  readonly title: string;
  /** Ends the victim's connection. */
  readonly end: (victim: VerbClient) => void;
  /** What its handlers are told. */
  readonly told: { readonly code: number; readonly reason?: string | RegExp };
  /** The close code that the client sees. */
  readonly seen?: number;
  /** The code of the error that comes before. */
  readonly error?: string;
}

const CASES: readonly Case[] = [
  {
    title: 'the client closes with a code and a reason',
    end: ({ connection }) => connection.socket.close(4001, 'bye ✓'),
    told: { code: 4001, reason: 'bye ✓' },
    seen: 4001,
  },
  {
    title: 'the client closes without a code',
    end: ({ connection }) => connection.socket.close(),
    told: { code: 1005 },
    seen: 1005,
  },
  {
    title: 'the connection breaks',
    end: ({ connection }) => connection.socket.terminate(),
    told: { code: 1006 },
  },
  {
    title: 'the connection is reset',
    skip: skippedOverTls('a client that speaks TLS does not reset'),
    end: ({ connection }) => tcpOf(connection).resetAndDestroy(),
    told: { code: 1006 },
  },
  {
    title: 'the client ends its side without a close frame',
    end: ({ connection }) => tcpOf(connection).end(),
    told: { code: 1006 },
  },
  {
    title: 'a handler disconnects it with a code and a reason',
    end: (victim) => victim.ask('disconnect', 4002, 'go ✓'),
    told: { code: 4002, reason: 'go ✓' },
    seen: 4002,
  },
  {
    title: 'a handler disconnects it without a code',
    end: (victim) => victim.ask('disconnect'),
    told: { code: 1000 },
    seen: 1000,
  },
  {
    title: 'the client breaks the protocol',
    end: ({ connection }) => tcpOf(connection).write(last('continues nothing')),
    told: { code: 1002, reason: /continuation/ },
    seen: 1002,
    error: 'ERR_PROTOCOL',
  },
  {
    title: 'the client sends text that is not UTF-8',
    end: ({ connection }) => tcpOf(connection).write(text(Buffer.of(0xff))),
    told: { code: 1007, reason: /UTF-8/ },
    seen: 1007,
    error: 'ERR_PROTOCOL',
  },
  {
    title: 'the client sends a close code that may not be sent',
    end: ({ connection }) => tcpOf(connection).write(frame(0x88, Buffer.of(1006 >> 8, 1006 & 255))),
    told: { code: 1002, reason: /1006/ },
    seen: 1002,
    error: 'ERR_PROTOCOL',
  },
];

function tcpOf({ socket }: VerbClient['connection']) {
  return (socket as unknown as { _socket: import('node:net').Socket })._socket;
}

for (const { place, shards } of SETUPS) {
  test(`a connection that ends leaves its rooms, and its handlers are told once: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      const watcher = await VerbClient.open({ port }, '/v');
      await watcher.do('join', 'watchers');
      for (const testCase of CASES) {
        const { title, skip = false } = testCase;
        await t.test(title, { skip }, () => runCase(testCase, port, watcher));
      }
      // On each shard one more connection: what has been said before it has come before it.
      for (let i = 0; i < Math.max(1, shards); i++) {
        await using other = await VerbClient.open({ port }, '/v');
        await other.do('endOf', 'watchers');
        assert.deepEqual(await watcher.untilEnd(), [], 'nothing was told twice');
        const id = await other.do('id');
        other.connection.socket.close(4000);
        for (const what of [
          ['leave', id],
          ['disconnect', [4000, '', 0]],
        ]) {
          assert.deepEqual(await watcher.next(), ['saw', [id, ...what]]);
        }
      }
      await watcher[Symbol.asyncDispose]();
    });
  });

  test(`disconnect goes behind what was sent, and nothing is received after it: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      await using watcher = await VerbClient.open({ port }, '/v');
      await watcher.do('join', 'watchers');
      await using victim = await RawClient.open(port, '/v');
      victim.send(
        Buffer.concat([
          text(eventOf('do', ['sayNative', 'before'])),
          text(eventOf('do', ['disconnect', 4003, 'enough'])),
          text(eventOf('do', ['toNative', 'watchers', 'late'])),
        ]),
      );
      assert.equal(await victim.message(), 'before');
      assert.match(await victim.message(), /result/);
      assert.deepEqual(await victim.closeFrame(), { code: 4003, reason: 'enough' });
      const [, [, what]] = (await watcher.next()) as [string, [string, string]];
      assert.equal(what, 'leave');
      const [, [id, ...rest]] = (await watcher.next()) as [string, [string, string, unknown]];
      assert.deepEqual(rest, ['disconnect', [4003, 'enough', 0]]);
      assert.notEqual(id, await watcher.do('id'));
    });
  });

  test(`disconnect refuses a code or reason that may not be sent: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      await using client = await VerbClient.open({ port }, '/v');
      for (const code of [999, 1004, 1005, 1006, 1015, 2999, 5000]) {
        await assert.rejects(client.do('disconnect', code), { code: 'ERR_CLOSE_CODE' }, `${code}`);
      }
      const long = { code: 'ERR_CLOSE_CODE', message: /at most 123 bytes/ };
      await assert.rejects(client.do('disconnect', 4000, 'é'.repeat(62)), long);
      client.ask('disconnect', 4000, `${'é'.repeat(61)}x`);
      assert.deepEqual(await client.closed(), { code: 4000, reason: `${'é'.repeat(61)}x` });
    });
  });
}

function eventOf(event: string, payload: unknown): string {
  return `iris-websocket-message:${event};4;${JSON.stringify(payload)}`;
}

async function runCase({ end, told, seen, error }: Case, port: number, watcher: VerbClient) {
  const victim = await VerbClient.open({ port }, '/v');
  const id = await victim.do('id');
  for (const room of ['red', 'blue']) await victim.do('join', room);
  end(victim);
  const saw = async () => {
    const [event, [from, what, detail]] = (await watcher.next()) as [
      string,
      [string, string, never],
    ];
    assert.deepEqual([event, from], ['saw', id]);
    return { what, detail };
  };
  if (error !== undefined) {
    const { what, detail } = await saw();
    assert.equal(what, 'error');
    const { code, closeCode } = detail as { code: string; closeCode: number };
    assert.deepEqual([code, closeCode], [error, told.code]);
  }
  for (const room of ['red', 'blue', id]) {
    assert.deepEqual(await saw(), { what: 'leave', detail: room });
  }
  const { what, detail } = await saw();
  const [code, reason, rooms] = detail as [number, string, number];
  assert.deepEqual([what, code, rooms], ['disconnect', told.code, 0]);
  if (told.reason instanceof RegExp) assert.match(reason, told.reason);
  else assert.equal(reason, told.reason ?? '');
  const closed = await victim.closed();
  if (seen !== undefined) assert.equal(closed.code, seen);
}
