import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setEnvironmentData } from 'node:worker_threads';
import type { Connection } from '../../../src/main/index.ts';
import { ShardGroup } from '../../../src/main/shards/shard-group.ts';
import type { ToShard } from '../../../src/shared/messages/control-messages.ts';
import { close, text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { withEngine } from '../kit/test-engine.ts';

const PROBE = new URL('../fixtures/hold-probe.ts', import.meta.url);
const HELD = 0;
const ENDED = 1;
const GONE = 2;
const MESSAGES = 2000;
const CLIENTS = 3;
/** The smallest there is: a few dozen messages fill a ring. */
const engineOptions = { shards: 2, ringMemory: 2 ** 16 };
const options = { timeout: 20_000 };

/** Memory that the shards of the engines made next tell of what they do; see the fixture. */
function probe(): Int32Array {
  const memory = new SharedArrayBuffer(12);
  setEnvironmentData('hold-probe', memory);
  return new Int32Array(memory);
}

/** Blocks this thread, the primary, until a shard has said so. */
function blockUntil(words: Int32Array, word: number): void {
  const result = Atomics.wait(words, word, 0, 10_000);
  assert.notEqual(result, 'timed-out', 'the shard went on while the primary was blocked');
}

function flood(client: RawClient, name: string): void {
  const frames = Array.from({ length: MESSAGES }, (_, i) => text(`${name} ${i} `.padEnd(1000)));
  client.send(Buffer.concat(frames));
}

test('a shard stops reading while the primary is blocked, and loses nothing', options, async () => {
  const words = probe();
  await withEngine(engineOptions, async ({ engine, port }) => {
    await engine.server({ endpoint: '/probe', handlers: PROBE }).ready;
    const received = new Map<string, number>();
    const { promise: all, resolve, reject } = Promise.withResolvers<void>();
    let left = CLIENTS * MESSAGES;
    const onMessage = (message: string) => {
      if (left === CLIENTS * MESSAGES) blockUntil(words, HELD);
      const [name = '', number] = message.split(' ');
      if (Number(number) !== (received.get(name) ?? 0)) reject(new Error(`${message} of ${name}`));
      received.set(name, Number(number) + 1);
      left -= 1;
      if (left === 0) resolve();
    };
    const server = engine.server({ endpoint: '/slow' });
    server.onConnection((c) => {
      c.onMessage((message) => {
        try {
          onMessage(String(message));
        } catch (error) {
          reject(error);
        }
      });
    });
    await server.ready;
    const clients: RawClient[] = [];
    for (let i = 0; i < CLIENTS; i++) clients.push(await RawClient.open(port, '/slow'));
    for (const [i, client] of clients.entries()) flood(client, `client-${i}`);
    await all;
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
});

test(
  'a connection that is disconnected while it does not read is closed all the same',
  options,
  async () => {
    const words = probe();
    await withEngine(engineOptions, async ({ engine, port }) => {
      await engine.server({ endpoint: '/probe', handlers: PROBE }).ready;
      const { promise: ended, resolve, reject } = Promise.withResolvers<unknown>();
      const server = engine.server({ endpoint: '/slow', closeTimeout: 60_000 });
      server.onConnection((c: Connection) => {
        c.onDisconnect(resolve);
        c.onMessage(() => {
          try {
            blockUntil(words, HELD);
            c.disconnect(4001, 'too much');
            blockUntil(words, ENDED);
          } catch (error) {
            reject(error);
          }
        });
      });
      await server.ready;
      await using client = await RawClient.open(port, '/slow');
      flood(client, 'client');
      assert.deepEqual(await ended, { code: 4001, reason: 'too much' });
      assert.deepEqual(await client.closeFrame(), { code: 4001, reason: 'too much' });
      client.send(close(4001));
      assert.equal(await client.rest(), '');
    });
  },
);

test('the pongs of a connection that is not read count as soon as it is', options, async () => {
  const words = probe();
  await withEngine(engineOptions, async ({ engine, port }) => {
    await engine.server({ endpoint: '/probe', handlers: PROBE }).ready;
    const pongTimeout = 400;
    const server = engine.server({ endpoint: '/slow', pongTimeout, pingPeriod: 40 });
    const { promise: blocked, resolve, reject } = Promise.withResolvers<void>();
    let left = MESSAGES;
    server.onConnection((c: Connection) => {
      c.onDisconnect(({ reason }) => reject(new Error(reason)));
      c.onMessage((message) => {
        if (left === MESSAGES) {
          blockUntil(words, HELD);
          Atomics.wait(words, ENDED, 0, 3 * pongTimeout); // nothing wakes it: it is the time it takes
        }
        left -= 1;
        if (left > 0) return;
        c.emitMessage(message);
        resolve();
      });
    });
    await server.ready;
    await using client = await TestClient.open({ port }, '/slow');
    for (let i = 0; i < MESSAGES; i++) client.send(`${i} `.padEnd(1000));
    await blocked;
    assert.equal(await client.next(), `${MESSAGES - 1} `.padEnd(1000));
  });
});

test('a server that closes is closed when its closures have caught up', options, async (t) => {
  const words = probe();
  const { post } = ShardGroup.prototype;
  t.mock.method(ShardGroup.prototype, 'post', function (this: ShardGroup, message: ToShard) {
    post.call(this, message);
    if (message.type === 'remove-server' && log.length > 0) blockUntil(words, GONE);
  });
  const log: string[] = [];
  await withEngine(engineOptions, async ({ engine, port }) => {
    await engine.server({ endpoint: '/probe', handlers: PROBE }).ready;
    const { promise: closed, resolve, reject } = Promise.withResolvers<void>();
    const server = engine.server({ endpoint: '/slow' });
    server.onConnection((c: Connection) => {
      c.onDisconnect(({ code }) => log.push(`disconnected ${code}`));
      c.onMessage(() => {
        if (log.length > 0) return;
        log.push('closing');
        try {
          blockUntil(words, HELD);
          server.close({ timeoutMs: 1 }).then(() => {
            log.push('closed');
            resolve();
          }, reject);
        } catch (error) {
          reject(error);
        }
      });
    });
    await server.ready;
    await using client = await RawClient.open(port, '/slow');
    flood(client, 'client');
    await closed;
    assert.deepEqual(log, ['closing', 'disconnected 1001', 'closed']);
  });
});
