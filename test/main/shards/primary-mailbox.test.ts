import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { linkPair } from '../../../src/main/shards/link-pair.ts';
import { PrimaryMailbox } from '../../../src/main/shards/primary-mailbox.ts';
import type { ShardHost } from '../../../src/main/shards/shard-host.ts';
import { PRIMARY } from '../../../src/shared/messages/control-messages.ts';
import { encodeRecord, RecordKind } from '../../../src/shared/messages/records.ts';
import { resolveEngineOptions } from '../../../src/shared/options/engine-options.ts';
import { InterestTable, interestKey } from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts, RoomCounts } from '../../../src/shared/tables/room-counts.ts';
import { openMailbox } from '../../shared/ring/open-mailbox.ts';

const options = { timeout: 10_000 };

/** The primary's mailbox with one shard, and the records that it has passed on. */
function openPrimary() {
  const seen: [kind: RecordKind, server: number, from: number][] = [];
  const primary = new PrimaryMailbox(
    resolveEngineOptions({}),
    ({ kind, server, from }) => seen.push([kind, server, from]),
    (error) => assert.fail(String(error)),
  );
  const shard = openMailbox();
  const [own, shardLink] = linkPair(primary.doorbell, shard.doorbell, 1024);
  shard.mailbox.connect(PRIMARY, shardLink);
  const [interest, counts] = [InterestTable.allocate(), allocateCounts()];
  const host = { number: 1, interest, counts } as ShardHost;
  primary.connect(host, own);
  const say = (kind: RecordKind, body = Buffer.alloc(8)) =>
    shard.mailbox.send([PRIMARY], encodeRecord({ kind, server: 7 }, body));
  return { primary, shard, host, seen, say };
}

test('records of servers are passed on, and probes are not', async () => {
  const { primary, seen, say } = openPrimary();
  say(RecordKind.PROBE);
  say(RecordKind.PING);
  await primary.flushed();
  assert.deepEqual(seen, [[RecordKind.PING, 7, 1]]);
  assert.equal(primary.load.stats().mailbox.lag.max > 0, true);
});

test(
  'it is flushed when the last record that waited for room is in its ring',
  options,
  async () => {
    const { primary, shard } = openPrimary();
    const record = encodeRecord({ kind: RecordKind.PING, server: 7 }, Buffer.alloc(100));
    for (let i = 0; i < 50; i++) primary.send([{ peers: [1], record }]);
    let isFlushed = false;
    const flushed = primary.flushed().then(() => {
      isFlushed = true;
    });
    await nextTurn();
    assert.equal(isFlushed, false);
    while (!isFlushed) {
      shard.mailbox.drain();
      shard.mailbox.wake();
      await nextTurn();
    }
    await flushed;
    shard.mailbox.drain();
    assert.equal(shard.received.length, 50);
    primary.close();
  },
);

test('a shard that is disconnected has been read, and nothing more of it counts', () => {
  const { primary, host, seen, say } = openPrimary();
  const key = interestKey(7, 0, 'red');
  new InterestTable(host.interest).add(key);
  new RoomCounts(host.counts).set(7, 0, 'red', 3);
  assert.deepEqual([primary.interest.shardsFor(key), primary.counts.sum(7, 1, 'red')], [[1], 3]);
  say(RecordKind.PING);
  primary.disconnect(1);
  assert.deepEqual(seen, [[RecordKind.PING, 7, 1]]);
  assert.deepEqual([primary.interest.shardsFor(key), primary.counts.sum(7, 1, 'red')], [[], 0]);
});
