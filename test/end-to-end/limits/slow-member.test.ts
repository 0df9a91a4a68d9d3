import { strict as assert } from 'node:assert';
import { type TestContext, test } from 'node:test';
import type { Backpressure, ServerOptions } from '../../../src/main/index.ts';
import { ShardServer } from '../../../src/workers/deliver/shard-server.ts';
import { Transport } from '../../../src/workers/write/transport.ts';
import { text } from '../../conformance/client-frames.ts';
import { RawClient } from '../kit/raw-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const LIMIT = 2 ** 20;
const MESSAGE = 2 ** 16;
/** Messages that are sent at once: no member that reads is behind with so many. */
const IN_ROUND = 8;
/** Far more than the kernel and the limit take for a member that does not read. */
const ROUNDS = 40;
const MEMBERS = 6;

/** Opens a member of the room, which from now on reads what it is asked to read. */
async function openMember(port: number): Promise<RawClient> {
  const client = await RawClient.open(port, '/v');
  client.send(text('iris-websocket-message:do;4;["join","room"]'));
  assert.match(await client.message(), /result;4;null$/);
  return client;
}

/** Reads messages of a round, each of them whole. */
async function readRound(client: RawClient): Promise<void> {
  for (let i = 0; i < IN_ROUND; i++) assert.equal(await client.message(), numbered(i));
}

function numbered(i: number): string {
  return String(i).padEnd(MESSAGE);
}

/** Reads all that waits for the member that has not read; how many messages that is. */
async function readLate(client: RawClient): Promise<{ messages: number; last: string }> {
  for (let messages = 0; ; messages++) {
    const { opcode, payload } = await client.frame();
    if (opcode === 8) return { messages, last: `closed ${payload.readUInt16BE(0)}` };
    if (payload.length !== MESSAGE) return { messages, last: payload.toString() };
    const seen = payload.toString();
    assert.equal(seen, numbered(Number.parseInt(seen, 10)), 'it is whole');
  }
}

/** The room gets its messages, all members but one read them all; what becomes of that one. */
async function flood(port: number) {
  await using watcher = await VerbClient.open({ port }, '/v');
  await watcher.do('join', 'watchers');
  await using sender = await VerbClient.open({ port }, '/v');
  const members: RawClient[] = [];
  while (members.length < MEMBERS) members.push(await openMember(port));
  await using stalled = await openMember(port);
  for (let round = 0; round < ROUNDS; round++) {
    assert.deepEqual(await sender.do('floodTo', 'room', IN_ROUND, MESSAGE), [IN_ROUND, '']);
    await Promise.all(members.map(readRound));
  }
  await sender.do('toNative', 'room', 'end');
  for (const member of members) assert.equal(await member.message(), 'end');
  const { messages, last } = await readLate(stalled);
  const told: Backpressure[] = [];
  while (told.at(-1)?.state !== 'caughtUp' && told.at(-1)?.state !== 'closed') {
    const [, [, what, detail]] = (await watcher.next()) as [string, [string, string, Backpressure]];
    if (what === 'backpressure') told.push(detail);
  }
  for (const member of members) await member[Symbol.asyncDispose]();
  return { messages, last, told };
}

const SENT = ROUNDS * IN_ROUND;

for (const { place, shards } of SETUPS) {
  for (const slowConsumer of ['close', 'drop', 'latest'] as const) {
    const title = `${slowConsumer}, ${place}, ${shards} shards`;
    test(`a member that does not read keeps nothing from the others: ${title}`, async (t) => {
      const waited = spyOnWaitingBytes(t);
      await withEngine({ shards }, async ({ engine, port }) => {
        const options: ServerOptions = { endpoint: '/v', maxBufferedBytes: LIMIT, slowConsumer };
        await addServer(engine, place, VERBS, options);
        const { messages, last, told } = await flood(port);
        assert.ok(messages > 0 && messages < SENT, `${messages} messages`);
        assert.ok(told.every(({ queuedBytes }) => queuedBytes <= LIMIT));
        const lost = told.reduce((sum, { droppedMessages }) => sum + droppedMessages, 0);
        if (slowConsumer === 'close') {
          assert.deepEqual([last, lost], ['closed 1013', 1]);
        } else {
          assert.equal(last, 'end');
          assert.equal(messages + lost, SENT, 'what it did not get has been counted');
        }
        if (shards === 0) {
          const { peak, counters } = waited();
          assert.ok(peak > LIMIT / 4 && peak <= LIMIT, `${peak} bytes waited`);
          const { droppedSlow, droppedLatest, droppedClosed } = counters;
          assert.equal(droppedSlow + droppedLatest + droppedClosed, lost);
        }
      });
    });
  }
}

/** Watches, where the shard is in this thread, what waits for its sockets, and what it counts. */
function spyOnWaitingBytes(t: TestContext) {
  let peak = 0;
  const { write } = Transport.prototype;
  t.mock.method(Transport.prototype, 'write', function (this: Transport, bytes: Buffer) {
    write.call(this, bytes);
    peak = Math.max(peak, this.waitingBytes);
  });
  const adopt = t.mock.method(ShardServer.prototype, 'adopt');
  return () => {
    const [adopted] = adopt.mock.calls;
    assert.ok(adopted !== undefined);
    return { peak, counters: (adopted.this as ShardServer).counters };
  };
}
