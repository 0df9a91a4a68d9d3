import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { upgradeRequest } from '../kit/raw-client.ts';
import { tlsFile } from '../kit/transport.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/few-descriptors.ts', import.meta.url));
const CLIENTS = 150;
const WAVES = 3;

type Transport = 'tcp' | 'tls';

function open(port: number, transport: Transport): Socket {
  const options = { port, host: '127.0.0.1' };
  return transport === 'tcp' ? connect(options) : connectTls({ ...options, ca: tlsFile('ca.pem') });
}

/** Resolves with whether the client has been let in, when that is known. */
function isServed(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.toString().startsWith('HTTP/1.1 101 ')));
    socket.once('close', () => resolve(false));
  });
}

async function ask(process: ChildProcess): Promise<{ there: number; counted: number }> {
  process.send('ask');
  const [answer] = await once(process, 'message');
  return answer;
}

/** Clients that all come at once and go again. @returns how many were served */
async function wave(port: number, transport: Transport): Promise<number> {
  const sockets = Array.from({ length: CLIENTS }, () => {
    const socket = open(port, transport).on('error', () => {});
    socket.write(upgradeRequest('/v'));
    return socket;
  });
  const served = await Promise.all(sockets.map(isServed));
  for (const socket of sockets) socket.destroy();
  return served.filter(Boolean).length;
}

/** Starts an engine in a process that has few descriptors. */
async function start(
  t: TestContext,
  transport: Transport,
): Promise<{ child: ChildProcess; port: number }> {
  const command = ['-c', 'ulimit -n 100; exec "$0" "$@"', process.execPath, FIXTURE, transport];
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = spawn('bash', command, { stdio: [...stdio] });
  t.after(() => child.kill('SIGKILL'));
  const [{ port }] = await once(child, 'message');
  return { child, port };
}

for (const transport of ['tcp', 'tls'] as const) {
  test(`a connection takes one descriptor, also the first of a shard: ${transport}`, {
    skip: !existsSync('/proc/self/fd'),
  }, async (t) => {
    const { child, port } = await start(t, transport);
    const count = () => readdirSync(`/proc/${child.pid}/fd`).length;
    const before = count();
    const sockets = [open(port, transport), open(port, transport)];
    t.after(() => sockets.map((socket) => socket.destroy()));
    for (const socket of sockets) socket.write(upgradeRequest('/v'));
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    assert.equal((await ask(child)).counted, 2);
    assert.equal(count(), before + 2);
  });

  test(`out of descriptors as many are served as there is room for, wave after wave, and none stays: ${transport}`, {
    skip: process.platform === 'win32',
    timeout: 60_000,
  }, async (t) => {
    const { child, port } = await start(t, transport);
    const served: number[] = [];
    for (let i = 0; i < WAVES; i++) {
      served.push(await wave(port, transport));
      for (;;) {
        const { there, counted } = await ask(child);
        if (there + counted === 0) break;
        await nextTurn();
      }
    }
    t.diagnostic(`${served} of ${CLIENTS} were served`);
    assert.ok(Math.min(...served) > 30 && Math.max(...served) < 100, `${served} were served`);
  });
}
