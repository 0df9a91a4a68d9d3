import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setEnvironmentData } from 'node:worker_threads';
import { openEmitter } from '../../../src/emitter/index.ts';
import { Engine } from '../../../src/main/index.ts';
import { listen } from '../kit/http-server.ts';
import { addServer, leakCheck, SETUPS } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/failed-listen.ts', import.meta.url));
const FAILING = new URL('../fixtures/failing-module.ts', import.meta.url);
const FAILS_ONCE = new URL('../fixtures/fails-once.ts', import.meta.url);
const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const HOST = { host: '127.0.0.1' };
const options = { timeout: 30_000 };

for (const [how, shards, code] of [
  ['port taken', 0, 'EADDRINUSE'],
  ['port taken', 2, 'EADDRINUSE'],
  ['port taken, TLS', 1, 'EADDRINUSE'],
  ['no module', 0, 'ERR_HANDLERS_LOAD'],
  ['no module', 2, 'ERR_HANDLERS_LOAD'],
  ['module that throws', 1, 'ERR_HANDLERS_LOAD'],
  ['module that exits', 2, 'ERR_HANDLERS_LOAD'],
  ['threads that end', 2, 'ERR_SHARD_EXIT'],
  ['no module, attached', 1, 'ERR_HANDLERS_LOAD'],
] as const) {
  test(
    `a listen that failed keeps no process alive: ${how}, ${shards} shards`,
    options,
    async () => {
      await using taken = createServer();
      const busy = await listen(taken);
      const port = how.startsWith('port taken') ? busy : 0;
      const program = spawn(process.execPath, [PROGRAM, how, `${shards}`, `${port}`]);
      try {
        const ended = once(program, 'exit');
        const said = await text(program.stdout);
        assert.deepEqual([said, (await ended)[0]], [`${code}\n`, 0]);
      } finally {
        program.kill('SIGKILL');
      }
    },
  );
}

for (const { place, shards } of SETUPS) {
  test(
    `an engine may listen again when it has failed to: ${place}, ${shards} shards`,
    options,
    async () => {
      await using taken = createServer();
      const port = await listen(taken);
      const leavesNothing = leakCheck();
      await using engine = new Engine({ shards });
      engine.on('error', (error) => assert.fail(error));
      await using emitter = await openEmitter(engine.emitter());
      const adding = addServer(engine, place, VERBS, { endpoint: '/v' });
      await assert.rejects(engine.listen(port, HOST), { code: 'EADDRINUSE' });
      const server = await adding;
      assert.deepEqual(engine.shards, []);
      const first = await Promise.race([server.ready.then(() => 'ready'), nextTurn('none')]);
      assert.equal(first, 'none', 'it has to be made ready once more');
      for (let round = 0; round < 2; round++) {
        await assert.rejects(engine.listen(port, HOST), { code: 'EADDRINUSE' });
      }
      const address = await engine.listen(0, HOST);
      await server.ready;
      const clients = [await VerbClient.open(address, '/v'), await VerbClient.open(address, '/v')];
      for (const client of clients) await client.do('join', 'room');
      server.to('room').emit('said', 'one');
      for (const client of clients) assert.deepEqual(await client.next(), ['said', 'one']);
      emitter.server('/v').to('room').emit('said', 'two'); // by other rings: in no order with the first
      for (const client of clients) assert.deepEqual(await client.next(), ['said', 'two']);
      assert.equal(server.count({ room: 'room' }), 2);
      const { restarts } = await engine.stats();
      assert.equal(
        restarts.every((shard) => shard.restarts === 0),
        true,
      );
      await engine.close();
      await emitter.close();
      await leavesNothing();
    },
  );
}

test('a module that could not be loaded is loaded anew by the next listen', options, async () => {
  setEnvironmentData('fails-once', new SharedArrayBuffer(4));
  await using engine = new Engine({ shards: 1 });
  engine.on('error', () => {});
  const server = engine.server({ endpoint: '/once', handlers: FAILS_ONCE });
  await assert.rejects(engine.listen(0, HOST), { code: 'ERR_HANDLERS_LOAD' });
  await engine.listen(0, HOST);
  await server.ready;
});

test('a listen that failed leaves nothing, though the engine is not closed', options, async () => {
  await using taken = createServer();
  const port = await listen(taken);
  for (const shards of [0, 2]) {
    const leavesNothing = leakCheck();
    await using engine = new Engine({ shards });
    engine.server({ endpoint: '/v', handlers: VERBS });
    const failures = [engine.listen(port, HOST), engine.listen(port, HOST)];
    const results = await Promise.allSettled(failures);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    await leavesNothing();
  }
});

test('a listen that fails takes nothing from one that does not', options, async () => {
  await using taken = createServer();
  const port = await listen(taken);
  const leavesNothing = leakCheck();
  await using engine = new Engine({ shards: 1 });
  engine.server({ endpoint: '/v', handlers: VERBS });
  const good = engine.listen(0, HOST);
  await assert.rejects(engine.listen(port, HOST), { code: 'EADDRINUSE' });
  await using client = await VerbClient.open(await good, '/v');
  await client.do('join', 'room');
  await engine.close();
  await leavesNothing();
});

test(
  'an attach that failed gives the server back, and an engine closes while it does',
  options,
  async () => {
    const app = createServer();
    const leavesNothing = leakCheck();
    await using engine = new Engine({ shards: 1 });
    engine.on('error', () => {});
    const bad = engine.server({ endpoint: '/bad', handlers: FAILING });
    await assert.rejects(engine.attach(app), { code: 'ERR_HANDLERS_LOAD' });
    assert.equal(app.listenerCount('upgrade'), 0);
    await leavesNothing();
    await bad.close();
    await engine.attach(app);
    assert.equal(app.listenerCount('upgrade'), 1);
    engine.server({ endpoint: '/bad', handlers: FAILING });
    const listening = assert.rejects(engine.listen(0, HOST));
    await engine.close();
    await listening;
    await leavesNothing();
  },
);
