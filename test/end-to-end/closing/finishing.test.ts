import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ws } from '../../../src/client/index.ts';
import { Engine } from '../../../src/main/index.ts';
import * as late from '../fixtures/late-module.ts';
import { addServer, PLACES, type TestEngine, withEngine } from '../kit/test-engine.ts';

const HANDLERS = new URL('../fixtures/finishing.ts', import.meta.url);
const LATE = new URL('../fixtures/late-module.ts', import.meta.url);
const HANDLED = ['ask', 'disconnect', 'event', 'leave', 'message'];

/** A folder for the time of a test. */
async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fanring-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A client whose handlers are at work; it does not come back. */
async function busyClient({ port }: Pick<TestEngine, 'port'>, path: string, folder: string) {
  const url = `ws://127.0.0.1:${port}${path}?folder=${encodeURIComponent(folder)}`;
  const ws = new Ws(url, null, { reconnect: false });
  ws.emit('event');
  ws.emitMessage('native');
  ws.emitWithAck('ask').catch(() => {}); // its connection ends before the answer comes
  await ws.emitWithAck('begun');
  return ws;
}

for (const place of PLACES) {
  const onClose = place === 'module' ? ['onClose behind handlers'] : [];

  test(`engine.close() lets handlers that are at work finish: ${place}`, async () => {
    await withFolder((folder) =>
      withEngine({ shards: 1 }, async (context) => {
        await addServer(context.engine, place, HANDLERS, { endpoint: '/chat' });
        await busyClient(context, '/chat', folder);
        await context.engine.close();
        assert.deepEqual(readdirSync(folder).sort(), [...HANDLED, ...onClose]);
      }),
    );
  });

  test(`server.close() lets handlers that are at work finish: ${place}`, async () => {
    await withFolder((folder) =>
      withEngine({ shards: 1 }, async (context) => {
        const server = await addServer(context.engine, place, HANDLERS, { endpoint: '/chat' });
        await busyClient(context, '/chat', folder);
        await server.close();
        assert.deepEqual(readdirSync(folder).sort(), [...HANDLED, ...onClose]);
      }),
    );
  });

  test(`a handler without an end is waited for until timeoutMs, and told: ${place}`, async () => {
    await withFolder((folder) =>
      withEngine({ shards: 1 }, async (context) => {
        const { engine, errors } = context;
        await addServer(engine, place, HANDLERS, { endpoint: '/chat' });
        const ws = await busyClient(context, '/chat', folder);
        ws.emit('never');
        await ws.emitWithAck('begun');
        await engine.close({ timeoutMs: 2_000 });
        const told = errors.splice(0).map(({ code, message }) => `${code}: ${message}`);
        const still = 'were still at work when timeoutMs of close was over';
        assert.deepEqual(told, [`ERR_HANDLER: 1 handlers on /chat ${still}`]);
        assert.deepEqual(readdirSync(folder).sort(), [...HANDLED, ...onClose]);
      }),
    );
  });
}

test('an error of onClose is reported, and close resolves', async () => {
  await withEngine({ shards: 2 }, async ({ engine, errors }) => {
    const server = await addServer(engine, 'module', HANDLERS, { endpoint: '/failing' });
    await server.close();
    await engine.close();
    const told = errors.splice(0).map(({ code, message }) => `${code}: ${message}`);
    const one = 'ERR_HANDLER: onClose of /failing threw: no pool';
    assert.deepEqual(told, [one, one]); // of each shard, once
  });
});

test('a module that gets ready when its server has closed is told so all the same', async () => {
  await withEngine({ shards: 0 }, async ({ engine }) => {
    const server = engine.server({ endpoint: '/late', handlers: LATE });
    await late.begun.promise;
    await server.close({ timeoutMs: 10 });
    late.mayGoOn.resolve();
    await late.closed.promise;
  });
});

for (const what of ['engine', 'server'] as const) {
  test(`a closure may wait for the end of its ${what}`, { timeout: 20_000 }, async () => {
    await using engine = new Engine({ shards: 1 });
    const closed = Promise.withResolvers<void>();
    const server = engine.server({ endpoint: '/chat' });
    server.onConnection((c) => {
      c.on('stop', async () => {
        await { engine, server }[what].close({ timeoutMs: 600_000 });
        closed.resolve();
      });
    });
    const { port } = await engine.listen(0, { host: '127.0.0.1' });
    const ws = new Ws(`ws://127.0.0.1:${port}/chat`, null, { reconnect: false });
    ws.emit('stop');
    await closed.promise;
  });
}
