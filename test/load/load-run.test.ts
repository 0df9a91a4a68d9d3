import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type LoadResult, LoadRun } from '../../src/load/load-run.ts';
import { readOptions } from '../../src/load/options.ts';
import type { Connection } from '../../src/main/index.ts';
import { type TestEngine, withEngine } from '../end-to-end/kit/test-engine.ts';

const CLI = fileURLToPath(new URL('../../src/load/cli.ts', import.meta.url));

function chat(c: Connection): void {
  c.join('room');
  c.on('chat', (text: unknown) => c.to('room').emit('chat', text));
  c.onMessage((message) => c.emitMessage(message));
}

/** Runs a load in this process against a server of an engine. */
async function load(
  { port }: TestEngine,
  path: string,
  args: readonly string[],
  stop = new AbortController().signal,
): Promise<LoadResult> {
  const options = readOptions([`ws://127.0.0.1:${port}${path}`, ...args]);
  assert.ok(options);
  return new LoadRun(options, stop).run(); // that it leaves nothing, the engine's own check sees
}

/** The command as its user runs it. */
function run(args: readonly string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [CLI, ...args], (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('a load', () => {
  for (const codec of ['text', 'msgpack'] as const) {
    test(`of ${codec} events reaches every member, and is counted`, () =>
      withEngine({ shards: 2 }, async (context) => {
        context.engine.server({ endpoint: '/chat', codec: 'negotiate' }).onConnection(chat);
        const args = ['--connections=20', '--rate=100', '--duration=0.3', '--event=chat'];
        const result = await load(context, '/chat', [...args, '--codec', codec]);
        assert.equal(result.connections.opened, 20);
        assert.equal(result.sent, 30);
        assert.equal(result.unsent, 0);
        assert.equal(result.received, 600);
        assert.ok(result.latencyMs && result.latencyMs.p50 <= result.latencyMs.max);
      }));
  }

  test('of native messages comes back to its senders', () =>
    withEngine({ shards: 0 }, async (context) => {
      context.engine.server({ endpoint: '/chat' }).onConnection(chat);
      const args = ['--connections=5', '--rate=1000', '--duration=0.2', '--message=!'];
      const { sent, received } = await load(context, '/chat', args);
      assert.deepEqual([sent, received], [200, 200]);
    }));

  test('waits for answers that are on their way', () =>
    withEngine({ shards: 0 }, async (context) => {
      const server = context.engine.server({ endpoint: '/chat' });
      const late: (() => void)[] = [];
      server.onConnection((c) =>
        c.onMessage((message) => {
          late.push(() => c.emitMessage(message));
          // As late as can be: when the last message has come, and then some.
          if (late.length === 10) setTimeout(() => late.forEach((answer) => void answer()), 100);
        }),
      );
      const args = ['--connections=1', '--rate=100', '--duration=0.1'];
      const { sent, received } = await load(context, '/chat', args);
      assert.deepEqual([sent, received], [10, 10]);
    }));

  test('tells of connections that the server refuses, and sends by the others', () =>
    withEngine({ shards: 0 }, async (context) => {
      const server = context.engine.server({ endpoint: '/chat', maxConnections: 3 });
      server.onConnection(chat);
      const args = ['--connections=5', '--rate=50', '--duration=0.2'];
      const { connections, sent, received } = await load(context, '/chat', args);
      assert.equal(connections.opened, 3);
      assert.deepEqual(connections.failed, { 'refused: 503 Service Unavailable': 2 });
      assert.deepEqual([sent, received], [10, 10]);
    }));

  test('fails in a codec that the server does not speak', () =>
    withEngine({ shards: 0 }, async (context) => {
      context.engine.server({ endpoint: '/chat' }).onConnection(chat);
      const args = ['--connections=3', '--rate=50', '--duration=0.2', '--codec=msgpack'];
      const { connections, sent } = await load(context, '/chat', args);
      const reason =
        'the server does not speak the codec: it has not taken the subprotocol fanring.msgpack.v1';
      assert.deepEqual([connections.failed, sent], [{ [reason]: 3 }, 0]);
    }));

  test('tells of connections that the server closes, and of what could not be sent', () =>
    withEngine({ shards: 0 }, async (context) => {
      const server = context.engine.server({ endpoint: '/chat' });
      server.onConnection((c) => c.onMessage(() => c.disconnect(4002)));
      const args = ['--connections=4', '--rate=100', '--duration=0.3'];
      const { connections, sent, unsent } = await load(context, '/chat', args);
      assert.deepEqual(connections.lost, { 'closed with 4002': 4 });
      assert.ok(sent >= 4 && sent < 30, `${sent} sent`);
      assert.equal(sent + unsent, 30);
    }));

  test('that a stall has made late says how late its messages were', () =>
    withEngine({ shards: 0 }, async (context) => {
      const server = context.engine.server({ endpoint: '/chat' });
      let messages = 0;
      server.onConnection((c) =>
        c.onMessage((message) => {
          messages += 1;
          // The load is in this thread too: half of its messages fall due meanwhile.
          const end = performance.now() + (messages === 50 ? 300 : 0);
          while (performance.now() < end);
          c.emitMessage(message);
        }),
      );
      const args = ['--connections=2', '--rate=1000', '--duration=0.5'];
      const { sent, unsent, latencyMs } = await load(context, '/chat', args);
      assert.equal(sent + unsent, 500);
      assert.ok(latencyMs && latencyMs.p50 > 30, `p50 ${latencyMs?.p50} ms`);
    }));

  test('that is stopped ends, with what it has', () =>
    withEngine({ shards: 0 }, async (context) => {
      const stop = new AbortController();
      const server = context.engine.server({ endpoint: '/chat' });
      let messages = 0;
      server.onConnection((c) =>
        c.onMessage(() => {
          messages += 1;
          if (messages === 5) stop.abort();
        }),
      );
      const args = ['--connections=2', '--rate=100', '--duration=3600'];
      const { sent } = await load(context, '/chat', args, stop.signal);
      assert.ok(sent >= 5, `${sent} sent`);
    }));

  test('that is stopped while it opens opens no more', () =>
    withEngine({ shards: 0 }, async (context) => {
      const stop = new AbortController();
      const server = context.engine.server({ endpoint: '/chat' });
      server.onConnection(() => stop.abort());
      const args = ['--connections=600', '--ramp=1', '--duration=3600'];
      const { connections } = await load(context, '/chat', args, stop.signal);
      assert.ok(connections.opened <= 1);
      assert.deepEqual(connections.failed, {});
    }));
});

describe('the command fanring-load', () => {
  test('prints progress, and a result that a program can read', () =>
    withEngine({ shards: 0 }, async ({ engine, port }) => {
      engine.server({ endpoint: '/chat' }).onConnection(chat);
      const args = ['--connections=5', '--rate=100', '--duration=1.3', '--event=chat'];
      const { code, stdout, stderr } = await run([
        `ws://localhost:${port}/chat`,
        ...args,
        '--json',
      ]);
      assert.equal(code, 0);
      assert.match(stderr, /sending · 5 open · sent \d+\/s · received \d+\/s · p50 [\d.]+ ms/);
      const result: LoadResult = JSON.parse(stdout);
      assert.deepEqual([result.sent, result.received], [130, 650]);
      assert.ok(result.latencyMs && result.latencyMs.p99 > 0);
    }));

  test('prints a result that people can read', () =>
    withEngine({ shards: 0 }, async ({ engine, port }) => {
      engine.server({ endpoint: '/chat' }).onConnection(chat);
      const args = ['--connections=3', '--rate=50', '--duration=0.2'];
      const { code, stdout } = await run([`ws://localhost:${port}/chat`, ...args]);
      assert.equal(code, 0);
      assert.match(stdout, /^connections {4}3 of 3 opened$/m);
      assert.match(stdout, /^sent {11}10 in 0\.2 s/m);
      assert.match(stdout, /^latency {8}p50 [\d.]+ ms, p90 .* p99 .* p99\.9 .* max/m);
    }));

  test('fails with 1 where connections fail, with 2 where it was asked for nonsense', async () => {
    await withEngine({ shards: 0 }, async ({ port }) => {
      const { code, stdout } = await run([`ws://localhost:${port}/nowhere`, '--connections=2']);
      assert.equal(code, 1);
      assert.match(stdout, /2 × refused: 404 Not Found/);
    });
    const wrong = await run(['ws://localhost/', '--rate', 'fast']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--rate: 'fast' is not a number/);
    const event = await run(['ws://localhost/', '--event', 'a;b']);
    assert.equal(event.code, 2);
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^usage: fanring-load/);
  });
});
