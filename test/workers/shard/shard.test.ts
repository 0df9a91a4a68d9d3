import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { Handoff, HandoffSchedule, packUpgrades } from '../../../src/main/place/handoff.ts';
import { PRIMARY, type ToShard } from '../../../src/shared/messages/control-messages.ts';
import { encodeRecord, RecordKind } from '../../../src/shared/messages/records.ts';
import {
  resolveServerOptions,
  shardServerOptions,
} from '../../../src/shared/options/server-options.ts';
import { Doorbell } from '../../../src/shared/ring/doorbell.ts';
import { allocateRing } from '../../../src/shared/ring/ring-layout.ts';
import { InterestTable } from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts } from '../../../src/shared/tables/room-counts.ts';
import { Coalescing } from '../../../src/workers/shard/coalescing.ts';
import { runShard } from '../../../src/workers/shard/shard.ts';
import { text } from '../../conformance/client-frames.ts';
import { RawClient } from '../../end-to-end/kit/raw-client.ts';
import { openMailbox } from '../../shared/ring/open-mailbox.ts';

const SHARD = 1;
const SERVER = 1;
const CONNECTION = 7;
const MESSAGES = 100;
/** Less than the longer deadline. */
const options = { timeout: 3_500 };

/** A shard in this thread with one server, and a primary that reads nothing unless it is told to. */
async function openShard({ ownsThread = true } = {}) {
  const heard: number[] = [];
  const { mailbox, doorbell: ownDoorbell } = openMailbox({
    onRecord: (record, start) => heard.push(record[start] as number),
  });
  const doorbell = Doorbell.allocate();
  const [there, back] = [allocateRing(1024), allocateRing(1024)];
  mailbox.connect(SHARD, { inbound: back, outbound: there, doorbell });
  const { port1, port2 } = new MessageChannel();
  const interest = InterestTable.allocate();
  const start = {
    shard: SHARD,
    ownsThread,
    doorbell,
    interest,
    counts: allocateCounts(),
    maxOutboxBytes: 1,
    handshakeTimeout: 10_000,
    sampleInterval: 0,
    port: port2,
  };
  const finished = runShard(start);
  const post = (message: ToShard) => port1.postMessage(message);
  const link = { inbound: there, outbound: back, doorbell: ownDoorbell };
  post({ type: 'connect-peer', peer: PRIMARY, link });
  const options = shardServerOptions(resolveServerOptions({ endpoint: '/a' }));
  post({ type: 'add-server', server: SERVER, options });
  return { mailbox, heard, port: port1, post, finished };
}

/** Both ends of a connection over the loopback interface. */
async function connect(): Promise<[client: RawClient, accepted: Socket]> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  server.close();
  return [client, (await accepted)[0]];
}

/** A shard that has more to say than there is room for, with its one client. */
async function openCongested() {
  const shard = await openShard();
  const { mailbox, heard, port } = shard;
  const [client, socket] = await connect();
  const frames = Array.from({ length: MESSAGES }, () => text('x'.repeat(100)));

  const upgrade = {
    ...{ server: SERVER, connection: CONNECTION, id: 'ann', request: '', data: undefined },
    ...{ key: 'dGhlIHNhbXBsZSBub25jZQ==', protocol: '', codec: 0, head: Buffer.concat(frames) },
  };
  new Handoff(new HandoffSchedule(), port, packUpgrades).add({
    socket,
    upgrade,
    onFailed: () => assert.fail(),
  });
  while (!heard.includes(RecordKind.CONNECTED)) {
    await nextTurn();
    mailbox.drain();
  }
  const open = { kind: RecordKind.OPEN, server: SERVER, connection: CONNECTION };
  mailbox.send([SHARD], encodeRecord(open));
  mailbox.wake();
  assert.match(await client.head(), /^HTTP\/1\.1 101 /); // the messages have been read behind it
  return { ...shard, client };
}

async function stop(
  { post, client }: Awaited<ReturnType<typeof openCongested>>,
  timeoutMs: number,
): Promise<void> {
  post({ type: 'stop', timeoutMs, drainMs: undefined });
  assert.equal((await client.closeFrame()).code, 1001);
  await client[Symbol.asyncDispose]();
}

for (const ownsThread of [true, false]) {
  const what = ownsThread ? 'rests behind its turns' : "never rests where the thread is the app's";
  test(`a shard ${what}`, options, async (t) => {
    const turnEnded = t.mock.method(Coalescing.prototype, 'turnEnded');
    const { mailbox, post, port, finished } = await openShard({ ownsThread });
    await once(port, 'message'); // it has begun, and has had turns
    while (ownsThread && turnEnded.mock.callCount() === 0) await nextTurn();
    post({ type: 'stop', timeoutMs: 0, drainMs: undefined });
    await finished;
    mailbox.close();
    port.close();
    assert.equal(turnEnded.mock.callCount() > 0, ownsThread);
  });
}

test('a shard ends when the primary has all that it has said', options, async () => {
  const shard = await openCongested();
  const { mailbox, heard, finished } = shard;
  await stop(shard, 4_000);
  let isFinished = false;
  void finished.then(() => {
    isFinished = true;
  });
  for (let turn = 0; turn < 50; turn++) await nextTurn();
  assert.equal(isFinished, false);
  while (!isFinished) {
    mailbox.drain();
    await nextTurn();
  }
  mailbox.drain();
  assert.equal(heard.at(-1), RecordKind.DISCONNECTED);
  assert.ok(heard.filter((kind) => kind === RecordKind.MESSAGE).length > 1);
  mailbox.close();
});

test(
  'a shard does not wait beyond its deadline for a primary that reads nothing',
  options,
  async () => {
    const shard = await openCongested();
    await stop(shard, 20);
    await shard.finished;
    shard.mailbox.drain();
    assert.equal(shard.heard.includes(RecordKind.DISCONNECTED), false);
    shard.mailbox.close();
  },
);
