import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { ThreadEmitter } from '../../src/emitter/thread-emitter.ts';
import { linkPair } from '../../src/main/shards/link-pair.ts';
import { InterestTable, interestKey } from '../../src/shared/tables/interest-table.ts';
import { openMailbox } from '../shared/ring/open-mailbox.ts';

const PEER = 1_000;
const FOREVER = { timeoutMs: 2 ** 31 - 1 };
const options = { timeout: 10_000 };
const LIMITS = { maxRooms: 9, maxRoomNameBytes: 99, maxEventNameBytes: 99, maxPendingAsks: 9 };

/** An emitter with more to send than its ring has room for, and the shard that has not read yet. */
async function openCongested() {
  const shard = openMailbox();
  const { doorbell } = openMailbox();
  const [link, shardLink] = linkPair(doorbell, shard.doorbell, 4096, 1024);
  shard.mailbox.connect(PEER, shardLink);
  const memory = InterestTable.allocate();
  new InterestTable(memory).add(interestKey(1, 0, 'red'));
  const { port1, port2 } = new MessageChannel();
  const server = { number: 1, endpoint: '/a', codec: 'text', eventPrefix: '>', ...LIMITS } as const;
  const emitter = new ThreadEmitter(port1, {
    ...{ type: 'opened', doorbell, maxOutboxBytes: 2 ** 20, servers: [server] },
    shards: [{ shard: 1, link, interest: memory }],
  });
  for (let i = 0; i < 100; i++) emitter.server('/a').to('red').emitMessage(`${i}`.padEnd(99));
  let isClosed = false;
  const closed = emitter.close(FOREVER).then(() => {
    isClosed = true;
  });
  await nextTurn();
  assert.equal(isClosed, false, 'records wait for room');
  return { emitter, shard, port2, closed, isClosed: () => isClosed };
}

test('an emitter that closes is closed when the last record is in its ring', options, async () => {
  const { shard, closed, isClosed } = await openCongested();
  while (!isClosed()) {
    shard.mailbox.drain();
    shard.mailbox.wake();
    await nextTurn();
  }
  await closed;
  shard.mailbox.drain();
  assert.equal(shard.received.length, 100);
});

test('an emitter that closes waits for no engine that has closed', options, async () => {
  const { emitter, port2, closed } = await openCongested();
  port2.close();
  await closed;
  assert.throws(() => emitter.server('/a').to('red').emitMessage('x'), {
    code: 'ERR_ENGINE_CLOSED',
  });
});
