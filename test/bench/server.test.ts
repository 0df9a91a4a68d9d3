import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCodecs } from '../../src/shared/codec/codecs.ts';
import { type Received, TestClient } from '../end-to-end/kit/test-client.ts';

const SERVER = fileURLToPath(new URL('../../bench/server.ts', import.meta.url));

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [SERVER, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'], // it ends when this process does
  });
}

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  assert.ok(stream);
  const [line] = await once(createInterface({ input: stream }), 'line');
  return String(line);
}

for (const handlers of ['shard', 'primary']) {
  describe(`the server for load generators, handlers in ${handlers}`, () => {
    let server: ChildProcess;
    let port: number;

    before(async () => {
      server = start('--shards', '2', '--handlers', handlers);
      const line = JSON.parse(await firstLine(server.stdout));
      port = line.port;
      assert.deepEqual(line, { port, pid: server.pid, shards: 2, handlers, node: process.version });
    });
    after(async () => {
      server.kill('SIGTERM');
      assert.deepEqual(await once(server, 'exit'), [0, null]);
    });

    /** Whether what the first of two clients sends is answered to both, or to itself alone. */
    async function exchange(path: string, message: MakeMessage, everybody: boolean): Promise<void> {
      const origin = 'https://elsewhere.example';
      await using sender = await TestClient.open({ port }, path, { headers: { origin } });
      await using other = await TestClient.open({ port }, path);
      sender.send(message('one'));
      assert.deepEqual(await sender.next(), message('one'));
      if (everybody) assert.deepEqual(await other.next(), message('one'));
      other.send(message('two'));
      assert.deepEqual(await other.next(), message('two'), 'and nothing before it');
    }

    test('/native: what begins with ! comes back, anything else goes to all', async () => {
      await exchange('/native', (text) => `!${text}`, false);
      await exchange('/native', (text) => new Uint8Array(Buffer.from(`!${text}`)), false);
      await exchange('/native', (text) => text, true);
    });

    test('/events and /msgpack: chat goes to all, echo comes back', async () => {
      const options = { eventPrefix: 'iris-websocket-message:', maxEventNameBytes: 100 };
      const endpoints = [
        ['/events', 'text'],
        ['/msgpack', 'msgpack'],
      ] as const;
      for (const [path, codec] of endpoints) {
        const [chosen] = createCodecs({ ...options, codec });
        assert.ok(chosen);
        await exchange(path, (text) => received(chosen.encode('chat', text)), true);
        await exchange(path, (text) => received(chosen.encode('echo', text)), false);
      }
    });

    test('/rooms: a message goes to the room of its sender', async () => {
      await using elsewhere = await TestClient.open({ port }, '/rooms?room=b');
      await exchange('/rooms?room=a', (text) => text, true);
      elsewhere.send('mine');
      assert.equal(await elsewhere.next(), 'mine');
    });

    test('takes a message of 16 MiB', async () => {
      await exchange('/native', (text) => text.padEnd(16 * 2 ** 20), true);
    });
  });
}

test('the server for load generators refuses options that it does not have', async () => {
  for (const args of [['--handlers', 'both'], ['--port', 'x'], ['--shards', '-'], ['--nope']]) {
    const server = start(...args);
    const complaint = firstLine(server.stderr);
    assert.deepEqual(await once(server, 'exit'), [2, null]);
    assert.match(await complaint, new RegExp(args[0]?.slice(2) ?? ''));
  }
});

type MakeMessage = (text: string) => Received;

function received(message: string | Uint8Array): Received {
  return typeof message === 'string' ? message : new Uint8Array(message);
}
