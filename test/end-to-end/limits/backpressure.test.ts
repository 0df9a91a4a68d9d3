import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Backpressure, ServerOptions } from '../../../src/main/index.ts';
import { text } from '../../conformance/client-frames.ts';
import type { Verb } from '../fixtures/verbs.ts';
import { RawClient } from '../kit/raw-client.ts';
import { SETUPS, withEngine, withServer } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const MIB = 2 ** 20;
/** More than the kernel takes for a client that does not read. */
const FLOOD = 40;

/** Asks a connection for something, from a client that reads nothing unless it is told to. */
function ask(client: RawClient, verb: Verb, ...args: unknown[]): void {
  client.send(text(`iris-websocket-message:do;4;${JSON.stringify([verb, ...args])}`));
}

/** What the watcher is told next; the id of whom it is about is left out. */
async function saw(watcher: VerbClient): Promise<[what: string, detail: unknown]> {
  const [, [, what, detail]] = (await watcher.next()) as ['saw', [string, string, unknown]];
  return [what, detail];
}

/** What the watcher is told next of how a connection keeps up. */
async function sawPressure(watcher: VerbClient): Promise<Backpressure> {
  const [what, detail] = await saw(watcher);
  assert.equal(what, 'backpressure');
  return detail as Backpressure;
}

/**
 * Waits until the watcher has been told of so many lost messages, and no more; it may be told in
 * parts, of one who catches up and falls behind again. Returns their bytes.
 */
async function sawLost(watcher: VerbClient, messages: number): Promise<number> {
  let left = messages;
  let bytes = 0;
  while (left > 0) {
    const [what, detail] = await saw(watcher);
    if (what === 'error') continue;
    assert.equal(what, 'backpressure');
    const { droppedMessages, droppedBytes } = detail as Backpressure;
    left -= droppedMessages;
    bytes += droppedBytes;
  }
  assert.equal(left, 0);
  return bytes;
}

async function openWatcher(port: number): Promise<VerbClient> {
  const watcher = await VerbClient.open({ port }, '/v');
  await watcher.do('join', 'watchers');
  return watcher;
}

/** Reads whole messages of a flood; returns how many there were, and the frame behind them. */
async function readFlood(client: RawClient) {
  for (let messages = 0; ; messages++) {
    const { opcode, payload } = await client.frame();
    if (payload.length !== MIB) return { messages, opcode, payload };
    assert.equal(payload[0], 0x78);
    assert.equal(payload[MIB - 1], 0x78);
  }
}

type Case = (port: number) => Promise<void>;

const CASES: readonly [title: string, options: ServerOptions, run: Case][] = [
  [
    'is closed with 1013 at maxBufferedBytes',
    { maxBufferedBytes: 2 * MIB },
    async (port) => {
      await using watcher = await openWatcher(port);
      await using client = await RawClient.open(port, '/v');
      ask(client, 'flood', FLOOD, MIB);
      assert.equal((await sawPressure(watcher)).state, 'behind');
      const [what, detail] = await saw(watcher);
      const { code, closeCode } = detail as { code: string; closeCode: number };
      assert.deepEqual([what, code, closeCode], ['error', 'ERR_SLOW_CONSUMER', 1013]);
      const { state, droppedMessages, queuedBytes } = await sawPressure(watcher);
      assert.deepEqual([state, droppedMessages], ['closed', 1]);
      assert.ok(queuedBytes > MIB && queuedBytes <= 2 * MIB, `${queuedBytes} bytes`);
      assert.equal((await saw(watcher))[0], 'leave');
      assert.deepEqual(await saw(watcher), ['disconnect', [1013, 'slow consumer', 0]]);
      // What it had been sent before is whole.
      const { messages, opcode, payload } = await readFlood(client);
      assert.ok(messages > 0 && messages < FLOOD, `${messages} messages`);
      assert.deepEqual([opcode, payload.readUInt16BE(0)], [8, 1013]);
    },
  ],
  [
    'loses whole messages where slowConsumer is drop, and its app is told',
    { maxBufferedBytes: 2 * MIB, slowConsumer: 'drop' },
    async (port) => {
      await using watcher = await openWatcher(port);
      await using client = await RawClient.open(port, '/v');
      ask(client, 'flood', FLOOD, MIB);
      assert.equal((await sawPressure(watcher)).state, 'behind');
      const [what, detail] = await saw(watcher);
      assert.deepEqual([what, (detail as { code: string }).code], ['error', 'ERR_SLOW_CONSUMER']);
      const { messages } = await readFlood(client);
      assert.ok(messages > 0 && messages < FLOOD, `${messages} messages`);
      const bytes = await sawLost(watcher, FLOOD - messages);
      assert.ok(bytes > (FLOOD - messages) * MIB);
      ask(client, 'say', 'still here');
      assert.match(await client.message(), /said;0;still here$/);
    },
  ],
  [
    'gets the latest of each event and room where slowConsumer is latest',
    { maxBufferedBytes: 2 * MIB, slowConsumer: 'latest' },
    async (port) => {
      await using watcher = await openWatcher(port);
      await using client = await RawClient.open(port, '/v');
      const NAMES = ['a', 'b', 'c'];
      const MESSAGES = 300; // of 100 KB
      ask(client, 'tickers', NAMES, MESSAGES, 100_000);
      assert.equal((await sawPressure(watcher)).state, 'behind');
      const seen: number[] = [];
      const tail: string[] = [];
      while (tail.length < 2) {
        const message = await client.message();
        const [, number] = /;0;(\d+) *$/.exec(message) ?? [];
        if (number === undefined) tail.push(message.slice(0, 29));
        else seen.push(Number(number));
      }
      assert.deepEqual(tail, ['end', 'iris-websocket-message:result']);
      assert.deepEqual(seen.slice(-3), [297, 298, 299], 'the newest of each');
      assert.deepEqual(
        seen,
        [...seen].sort((one, other) => one - other),
        'in order',
      );
      assert.ok(seen.length < MESSAGES);
      await sawLost(watcher, MESSAGES - seen.length);
    },
  ],
  [
    'is cut off when no write makes progress for writeTimeout',
    { maxBufferedBytes: 1024 * MIB, writeTimeout: 100 },
    async (port) => {
      await using watcher = await openWatcher(port);
      await using client = await RawClient.open(port, '/v');
      ask(client, 'flood', FLOOD, MIB);
      const [what, detail] = await saw(watcher);
      assert.deepEqual([what, (detail as { code: string }).code], ['error', 'ERR_WRITE_TIMEOUT']);
      assert.equal((await saw(watcher))[0], 'leave');
      const [, [code]] = (await saw(watcher)) as [string, [number]];
      assert.equal(code, 1006);
      await assert.rejects(readFlood(client), /ended after/);
    },
  ],
  [
    'gets one message of any size',
    { maxBufferedBytes: 1 },
    async (port) => {
      await using client = await RawClient.open(port, '/v');
      ask(client, 'flood', 1, 9 * MIB);
      assert.equal((await client.frame()).payload.length, 9 * MIB);
    },
  ],
];

for (const { place, shards } of SETUPS) {
  test(`a client that does not read: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      for (const [title, options, run] of CASES) {
        await t.test(title, () =>
          withServer(engine, place, VERBS, { endpoint: '/v', ...options }, () => run(port)),
        );
      }
    });
  });
}
