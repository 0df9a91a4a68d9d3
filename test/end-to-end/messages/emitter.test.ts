import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  type EmitterHandle,
  type EngineError,
  openEmitter,
  type ThreadEmitter,
} from '../../../src/emitter/index.ts';
import type { Engine } from '../../../src/main/index.ts';
import { OutsideClient } from '../kit/outside-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';

const OUTSIDE = new URL('../fixtures/outside.ts', import.meta.url);
const JOB = new URL('../fixtures/job.ts', import.meta.url);
const options = { endpoint: '/o', codec: 'negotiate' } as const;

/** A thread of the app, and what it says to each step. */
function startJob(engine: Engine) {
  const worker = new Worker(JOB, { workerData: { handle: engine.emitter(), endpoint: '/o' } });
  const exited = once(worker, 'exit');
  const answer = async () => ((await once(worker, 'message')) as [string])[0];
  const step = (...what: unknown[]) => {
    worker.postMessage(what);
    return answer();
  };
  const end = async (how: 'close' | 'exit') => {
    worker.postMessage([how]);
    await exited;
  };
  return { opened: answer(), answer, step, end, exited };
}

/** Two members of `red`, on shard 1 and 2, and one that is in `green` too. */
async function openMembers(port: number) {
  const one = await OutsideClient.open(port, '/o', ['red']);
  const two = await OutsideClient.open(port, '/o', ['red', 'blue'], 'msgpack');
  const three = await OutsideClient.open(port, '/o', ['blue', 'green']);
  const close = () => Promise.all([one, two, three].map((c) => c[Symbol.asyncDispose]()));
  return { one, two, three, close };
}

for (const { place, shards } of SETUPS) {
  test(`any thread emits to rooms, each member once and in order: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards, ringMemory: 2 ** 16 }, async ({ engine, port }) => {
      const server = await addServer(engine, place, OUTSIDE, options);
      const { one, two, three, close } = await openMembers(port);
      const job = startJob(engine);
      assert.equal(await job.opened, 'open');
      assert.equal(await job.step('emit', 'x', 2000), 'done'); // more than a ring has room for
      for (const client of [one, two]) {
        for (let i = 0; i < 2000; i++) assert.deepEqual(await client.next(), ['said', `x${i}`]);
      }
      await job.end('close');
      server.to('').emit('end');
      for (const client of [one, two, three]) assert.deepEqual(await client.untilEnd(), []);
      await close();
    });
  });
}

test('what a job emits arrives while it works on and its event loop does not turn', async () => {
  await withEngine({ shards: 2, sampleInterval: 0 }, async ({ engine, port }) => {
    await addServer(engine, 'module', OUTSIDE, options);
    const { one, two, close } = await openMembers(port);
    const job = startJob(engine);
    await job.opened;
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const done = job.step('block', gate);
    for (const client of [one, two]) assert.deepEqual(await client.next(), ['said', 'working']);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    assert.equal(await done, 'done');
    await job.end('close');
    await close();
  });
});

test('what an emitter has committed arrives, though its thread ends at once', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    await addServer(engine, 'module', OUTSIDE, options);
    const { one, two, close } = await openMembers(port);
    for (let round = 0; round < 3; round++) {
      const job = startJob(engine);
      await job.opened;
      await job.step('emit', 'x', 10);
      await job.end('exit');
      for (const client of [one, two]) {
        for (let i = 0; i < 10; i++) assert.deepEqual(await client.next(), ['said', `x${i}`]);
      }
    }
    await close();
  });
});

test('an emitter learns of the shard in the place of one that died', async () => {
  await withEngine({ shards: 2 }, async ({ engine, port }) => {
    await addServer(engine, 'module', OUTSIDE, options);
    engine.on('shardExit', () => {});
    await using emitter = await openEmitter(engine.emitter());
    const red = emitter.server('/o').to('red');
    const one = await OutsideClient.open(port, '/o', ['red']);
    await using two = await OutsideClient.open(port, '/o', ['red']);
    const exit = once(engine, 'shardExit');
    one.emit('die');
    await exit;
    red.emit('said', 'while it is gone');
    assert.deepEqual(await two.next(), ['said', 'while it is gone']);
    await using three = await OutsideClient.open(port, '/o', ['red']);
    red.emit('said', 'to the new one');
    for (const client of [two, three]) {
      assert.deepEqual(await client.next(), ['said', 'to the new one']);
    }
  });
});

test('an emitter that was there first learns of servers and shards', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    await using emitter = await openEmitter(engine.emitter());
    assert.throws(() => emitter.server('/o'), {
      code: 'ERR_OPTION',
      message: /^endpoint: '\/o' is not an endpoint of the engine: it has no server/,
    });
    engine.server({ endpoint: '' }); // disabled: nobody is told to use it
    const server = await addServer(engine, 'closures', OUTSIDE, options);
    await using one = await OutsideClient.open(port, '/o', ['red']);
    const message = "endpoint: '/p' is not one of /o";
    assert.throws(() => emitter.server('/p'), { code: 'ERR_OPTION', message });
    assert.equal(emitter.server('o').endpoint, '/o');
    const { to } = emitter.server('/o');
    to('red').emit('said', 'x');
    assert.deepEqual(await one.next(), ['said', 'x']);
    await server.close();
    assert.throws(() => to('red'), { code: 'ERR_ENGINE_CLOSED' });
  });
});

/** The engine hears of a thread's end a few turns later. */
async function openWhenThereIsRoom(engine: Engine): Promise<ThreadEmitter> {
  while (true) {
    try {
      return await openEmitter(engine.emitter());
    } catch (thrown) {
      assert.equal((thrown as EngineError).code, 'ERR_EMITTER_LIMIT');
      await nextTurn();
    }
  }
}

test('no more emitters are open than maxEmitters, and one that has gone makes room', async () => {
  await withEngine({ shards: 1, maxEmitters: 1 }, async ({ engine }) => {
    await addServer(engine, 'module', OUTSIDE, options);
    const job = startJob(engine);
    assert.equal(await job.opened, 'open');
    const another = startJob(engine);
    assert.equal(await another.opened, 'ERR_EMITTER_LIMIT');
    await another.exited;
    await job.end('exit');
    await using emitter = await openWhenThereIsRoom(engine);
    emitter.server('/o').to('').emitMessage('to nobody');
  });
});

test('an emitter that the engine has opened is open, though asking for it has failed', async () => {
  await withEngine({ shards: 1 }, async ({ engine }) => {
    await addServer(engine, 'module', OUTSIDE, options);
    const handle = engine.emitter();
    const fail = () => {
      throw new Error('of another listener');
    };
    process.on('workerMessage', fail);
    // Here asking fails before the answer is read; in another thread it may be the other way round.
    await using emitter = await openEmitter(handle).finally(() => {
      process.off('workerMessage', fail);
    });
    emitter.server('/o').to('').emitMessage('to nobody');
  });
});

test('an answer that is there when the time to wait for it is over has come in time', async (t) => {
  await withEngine({ shards: 1 }, async ({ engine }) => {
    await addServer(engine, 'module', OUTSIDE, options);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const opening = openEmitter(engine.emitter());
    t.mock.timers.tick(60_000);
    t.mock.timers.reset();
    await using emitter = await opening;
    emitter.server('/o').to('').emitMessage('to nobody');
  });
});

test('an engine that closes ends its emitters, and none can be opened any more', async () => {
  let handle: EmitterHandle | undefined;
  await withEngine({ shards: 1 }, async ({ engine }) => {
    await addServer(engine, 'module', OUTSIDE, options);
    handle = structuredClone(engine.emitter());
    const emitter = await openEmitter(handle);
    const job = startJob(engine);
    await job.opened;
    const { to } = emitter.server('/o');
    await engine.close();
    assert.throws(() => to('red').emit('said', 'x'), { code: 'ERR_ENGINE_CLOSED' });
    // The job hears of the end by another port than that of its steps: it may come later.
    let answer = await job.step('emit', 'x', 1);
    while (answer === 'done') answer = await job.step('emit', 'x', 1);
    assert.equal(answer, 'ERR_ENGINE_CLOSED');
    await job.end('close');
    assert.throws(() => engine.emitter(), { code: 'ERR_ENGINE_CLOSED' });
  });
  await assert.rejects(openEmitter(handle as EmitterHandle), { code: 'ERR_ENGINE_CLOSED' });
});

test('what is no handle is refused in words', async () => {
  for (const handle of [undefined, null, {}, { threadId: 1 }, 'engine']) {
    const message = /^handle: .* is not the result of engine\.emitter\(\)$/;
    await assert.rejects(openEmitter(handle as never), { code: 'ERR_OPTION', message });
  }
});
