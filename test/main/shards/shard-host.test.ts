import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { MessagePort } from 'node:worker_threads';
import { HandoffSchedule } from '../../../src/main/place/handoff.ts';
import { SpareDescriptor } from '../../../src/main/place/spare-descriptor.ts';
import { ShardHost } from '../../../src/main/shards/shard-host.ts';
import type { FromShard, Upgrade } from '../../../src/shared/messages/control-messages.ts';
import { Doorbell } from '../../../src/shared/ring/doorbell.ts';
import { InterestTable } from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts } from '../../../src/shared/tables/room-counts.ts';

const start = {
  shard: 1,
  ownsThread: true,
  doorbell: Doorbell.allocate(),
  interest: InterestTable.allocate(),
  counts: allocateCounts(),
  maxOutboxBytes: 1,
  handshakeTimeout: 10_000,
  sampleInterval: 0,
};

/** A host whose shard does `run`, and what it has heard of it. */
function openHost(run: (port: MessagePort) => Promise<void>) {
  const heard: FromShard[] = [];
  const host = new ShardHost(
    (_start, port) => run(port),
    start,
    new HandoffSchedule(),
    (message) => heard.push(message),
  );
  return { host, heard };
}

const LAST_WORDS: FromShard[] = [
  { type: 'closed', server: 1, connections: [7, 8] },
  { type: 'server-removed', server: 1 },
];

test('all that a shard has said is heard before its end is', async () => {
  const { host, heard } = openHost(async (port) => {
    for (const message of LAST_WORDS) port.postMessage(message);
    port.close();
  });
  await host.finished;
  assert.deepEqual(heard, LAST_WORDS);
});

test('all that a shard has said is heard before its death is', async () => {
  const { host, heard } = openHost(async (port) => {
    for (const message of LAST_WORDS) port.postMessage(message);
    throw new Error('dead');
  });
  await assert.rejects(host.finished, { message: 'dead' });
  assert.deepEqual(heard, LAST_WORDS);
});

test('a shard is up when it first says something, and never if it died before', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { host } = openHost(async (port) => {
    port.postMessage(LAST_WORDS[0]);
    await promise;
  });
  await host.up;
  resolve();
  await host.finished;
  const dead = openHost(() => Promise.reject(new Error('dead'))).host;
  await assert.rejects(dead.up, { message: 'dead' });
  await assert.rejects(dead.finished, { message: 'dead' });
});

test('of who waits to move to a shard and has gone it is told before its end is', async () => {
  const { host } = openHost(() => Promise.reject(new Error('dead')));
  const told: string[] = [];
  const socket = { destroyed: true };
  host.handoff.add({ socket, onFailed: () => told.push('failed') } as never);
  await host.finished.catch(() => told.push('dead'));
  assert.deepEqual(told, ['failed', 'dead']);
});

/** The words of a shard that dies when so many of them have been heard. */
async function diesWhenHeard(count: number) {
  const order: string[] = [];
  const { promise: hasHeard, resolve } = Promise.withResolvers<void>();
  const host = new ShardHost(
    async (_start, port) => {
      for (const message of LAST_WORDS.slice(0, count)) port.postMessage(message);
      if (count > 0) await hasHeard;
      for (const message of LAST_WORDS.slice(count)) port.postMessage(message);
      throw new Error('dead');
    },
    start,
    new HandoffSchedule(),
    ({ type }) => {
      order.push(type);
      if (type === LAST_WORDS[count - 1]?.type) resolve();
    },
  );
  const up = host.up.then(() => order.push('up'));
  await host.finished.catch(() => order.push('dead'));
  await up;
  return { host, order };
}

for (let count = 0; count <= LAST_WORDS.length; count++) {
  test(`a shard that has said something was up, of which ${count} were heard before its death`, async () => {
    const { host, order } = await diesWhenHeard(count);
    assert.equal(host.isUp, true);
    assert.deepEqual(
      order.filter((event) => event !== 'up'),
      [...LAST_WORDS.map(({ type }) => type), 'dead'],
    );
    assert.equal(order.indexOf('up') < order.indexOf('dead'), true);
  });
}

test('a shard that has begun is one that has said something, whether it has been read or not', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { host, heard } = openHost(async (port) => {
    port.postMessage(LAST_WORDS[0]);
    await promise;
  });
  assert.equal(host.isUp, false);
  host.hear();
  assert.equal(host.isUp, true);
  resolve();
  await host.finished;
  assert.deepEqual(heard, LAST_WORDS.slice(0, 1));
});

test('of a shard that has ended nobody waits for an answer', async () => {
  const { host } = openHost(() => Promise.reject(new Error('dead')));
  const before = host.flushed();
  await assert.rejects(host.finished);
  await before;
  await host.flushed();
});

test('a listener that throws hides nothing of what a dead shard has said', async (t) => {
  const heard: FromShard[] = [];
  const thrown = Promise.withResolvers<unknown>();
  t.mock.method(process, 'nextTick', (rethrow: () => void) => {
    try {
      rethrow();
    } catch (error) {
      thrown.resolve(error);
    }
  });
  const host = new ShardHost(
    async (_start, port) => {
      for (const message of LAST_WORDS) port.postMessage(message);
      throw new Error('dead');
    },
    start,
    new HandoffSchedule(),
    (message) => {
      heard.push(message);
      if (heard.length === 1) throw new Error('of the app');
    },
  );
  await assert.rejects(host.finished, { message: 'dead' });
  assert.deepEqual(heard, LAST_WORDS);
  assert.equal(((await thrown.promise) as Error).message, 'of the app');
});

test('checks that a shard has not answered count from its last sign of life on', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { host } = openHost(async (port) => {
    port.postMessage(LAST_WORDS[0]);
    await promise;
    port.close();
  });
  await host.up;
  const owner = new Doorbell(start.doorbell);
  owner.beat();
  assert.equal(host.unanswered, 0);
  for (let i = 1; i <= 3; i++) {
    host.ask();
    assert.equal(host.unanswered, i);
  }
  owner.beat(); // a socket is being read: the loop does not turn, and does not stand still
  assert.equal(host.unanswered, 0);
  host.ask();
  assert.equal(host.unanswered, 1);
  resolve();
  await host.finished;
});

test('a socket that does not get to its shard is given back, and the loss is told', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { promise, resolve } = Promise.withResolvers<void>();
  const { host, heard } = openHost(async (port) => {
    port.once('message', () => {
      port.postMessage({ type: 'arrived', handoffs: [] } satisfies FromShard);
      void promise.then(() => port.close());
    });
    await promise;
  });
  const lost = new Promise<void>((onFailed) => {
    const [handle, socket] = [{}, { destroyed: false, destroy: () => {} }];
    t.mock.method(MessagePort.prototype, 'postMessage', () => {}, { times: 1 });
    Object.assign(socket, { _handle: handle, read: () => null });
    const upgrade = { connection: 1 } as Upgrade;
    host.handoff.add({ socket: socket as never, upgrade, onFailed: () => onFailed() });
    host.handoff.flush(); // the message is lost
  });
  t.mock.timers.tick(500);
  await lost;
  assert.deepEqual(
    heard.map((message) => message.type === 'error' && message.error.code),
    ['ERR_HANDOFF_LOST'],
  );
  resolve();
  await host.finished;
});

test('of a shard that has ended no loss is told', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(SpareDescriptor.prototype, 'lend', () => false); // none is left
  const ended = Promise.withResolvers<void>();
  const { host, heard } = openHost(() => ended.promise);
  const failed: string[] = [];
  const socket = { destroyed: false, destroy: () => failed.push('destroyed') };
  host.handoff.add({ socket, onFailed: () => failed.push('told') } as never);
  host.handoff.flush();
  assert.deepEqual(failed, ['destroyed', 'told']);
  ended.resolve();
  await host.finished;
  t.mock.timers.tick(10_000);
  assert.deepEqual(heard, []);
});
