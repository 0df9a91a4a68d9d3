import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FIRST_EMITTER } from '../../../src/shared/messages/control-messages.ts';
import { RecordView } from '../../../src/shared/messages/record-view.ts';
import { encodeRecord, RecordKind } from '../../../src/shared/messages/records.ts';
import { ThreadLoad } from '../../../src/shared/observe/thread-load.ts';
import { TickLoop } from '../../../src/shared/ring/tick-loop.ts';
import { viewOf } from '../messages/view-of.ts';
import { congest, join, openMailbox } from '../ring/open-mailbox.ts';

const MS = 1_000_000n;

/** A probe as threads send it to each other, in nanoseconds. */
function probe(sentAt: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigInt64LE(sentAt);
  return encodeRecord({ kind: RecordKind.PROBE, server: 0 }, body);
}

/** Two threads in one, joined as peers; each gets what the other samples. */
function openThreads(interval: number, numbers: [number, number] = [0, 1]) {
  const loads: ThreadLoad[] = [];
  const loops: TickLoop[] = [];
  const boxes = [0, 1].map((at) =>
    openMailbox({
      onRecord: (record, start, end, from) =>
        loads[at]?.receive(new RecordView().at(record, start, end, from)),
      onWake: () => loops[at]?.schedule(),
      maxOutboxBytes: 1000,
    }),
  ) as [ReturnType<typeof openMailbox>, ReturnType<typeof openMailbox>];
  join(boxes[0], numbers[0], boxes[1], numbers[1]);
  for (const { mailbox } of boxes) {
    const ticks = new TickLoop(mailbox, () => {});
    loops.push(ticks);
    loads.push(new ThreadLoad(mailbox, ticks, interval));
  }
  const start = () => {
    for (const loop of loops) loop.schedule();
    for (const load of loads) load.start();
  };
  const stop = () => {
    for (const load of loads) load.stop();
    for (const loop of loops) loop.stop();
    for (const { mailbox } of boxes) mailbox.close();
  };
  const [a, b] = loads as [ThreadLoad, ThreadLoad];
  return { a, b, boxes, start, stop };
}

test('each thread tells its peers when it has sent, and they how long that took', async () => {
  const { a, b, start, stop } = openThreads(1);
  start();
  // The timers of samples keep nothing alive: turns of the loop do.
  while (a.stats().mailbox.lag.samples < 3 || b.stats().mailbox.lag.samples < 3) await nextTurn();
  const { p50, p99, max } = a.stats().mailbox.lag;
  assert.ok(p50 > 0 && p50 <= p99 && p99 <= max * 1.001 && max < 5_000);
  stop();
});

test('the lag of a record is the time since it was sent', () => {
  const { a } = openThreads(0);
  a.receive(viewOf(probe(process.hrtime.bigint() - 2_000n * MS)));
  const { samples, max } = a.stats().mailbox.lag;
  assert.equal(samples, 1);
  assert.ok(max >= 2_000 * 0.998 && max < 10_000, `${max}`);
});

test('a clock that is behind is no harm', () => {
  const { a } = openThreads(0);
  a.receive(viewOf(probe(process.hrtime.bigint() + 1_000n * MS)));
  assert.ok(a.stats().mailbox.lag.max < 1);
});

test('a thread that blocks shows in its delay and its utilization', async () => {
  const { a, start, stop } = openThreads(1000);
  start();
  while (a.stats().eventLoop.delay.samples === 0) await nextTurn();
  const end = performance.now() + 100;
  while (performance.now() < end);
  while (a.stats().eventLoop.delay.max < 50) await nextTurn();
  assert.ok(a.stats().eventLoop.utilization > 0.1);
  stop();
  const { samples } = a.stats().eventLoop.delay;
  const later = performance.now() + 150;
  while (performance.now() < later) await nextTurn();
  assert.equal(a.stats().eventLoop.delay.samples, samples, 'nothing is measured any more');
});

test('with 0 nothing is sampled', async () => {
  const { a, b, start, stop } = openThreads(0);
  start();
  const end = performance.now() + 50;
  while (performance.now() < end) await nextTurn();
  for (const { mailbox, eventLoop } of [a.stats(), b.stats()]) {
    assert.deepEqual([mailbox.lag.samples, eventLoop.delay.samples], [0, 0]);
  }
  stop();
});

test('what waits between threads is told: unread in the ring, behind it in the outbox', () => {
  const { a, b, boxes } = openThreads(0);
  assert.deepEqual(b.stats().mailbox.fill, 0);
  boxes[0].mailbox.send([1], Buffer.alloc(120));
  const { unreadBytes, fill } = b.stats().mailbox;
  assert.deepEqual([unreadBytes, fill], [128, 128 / 1024]);
  congest(boxes[0], 1);
  assert.equal(b.stats().mailbox.fill, 1);
  assert.equal(a.stats().mailbox.outboxBytes, 120 + 64);
  boxes[1].mailbox.drain();
  assert.equal(b.stats().mailbox.unreadBytes, 0);
});

test('a peer for which too much waits already is sent no more probes', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { a, boxes, start, stop } = openThreads(1);
  congest(boxes[0], 1);
  start();
  const waiting: number[] = [];
  for (let i = 0; i < 30; i++) {
    mock.timers.tick(1);
    waiting.push(a.stats().mailbox.outboxBytes);
  }
  assert.ok((waiting[0] as number) > 120 + 64, 'probes wait in line with all others');
  const most = Math.max(...waiting);
  assert.ok(most > 900 && most <= 1000, `${most}`);
  assert.equal(waiting.at(-1), most);
  stop();
});

test('a thread that has been stopped samples nothing more, and none is kept alive', ({ mock }) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const { a: real } = openThreads(1000);
  const before = timers();
  real.start();
  assert.equal(timers(), before);
  real.stop();

  mock.timers.enable({ apis: ['setInterval'] });
  const { a, b } = openThreads(1);
  a.start();
  mock.timers.tick(2);
  const { unreadBytes } = b.stats().mailbox;
  assert.ok(unreadBytes > 0);
  a.stop();
  mock.timers.tick(10);
  assert.equal(b.stats().mailbox.unreadBytes, unreadBytes);
});

test('to an emitter nothing is sent: it may never read', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { a, b } = openThreads(1, [1, FIRST_EMITTER]);
  a.start();
  b.start();
  mock.timers.tick(3);
  assert.equal(b.stats().mailbox.unreadBytes, 0);
  assert.ok(a.stats().mailbox.unreadBytes > 0);
  a.stop();
  b.stop();
});
