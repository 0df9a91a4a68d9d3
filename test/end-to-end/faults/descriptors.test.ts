import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { upgradeRequest } from '../kit/raw-client.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/few-descriptors.ts', import.meta.url));
const CLIENTS = 150;
const WAVES = 3;

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
async function wave(port: number): Promise<number> {
  const sockets = Array.from({ length: CLIENTS }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(upgradeRequest('/v'));
    return socket;
  });
  const served = await Promise.all(sockets.map(isServed));
  for (const socket of sockets) socket.destroy();
  return served.filter(Boolean).length;
}

test('out of descriptors as many are served as there is room for, wave after wave, and none stays', {
  skip: process.platform === 'win32',
  timeout: 30_000,
}, async (t) => {
  const command = ['-c', 'ulimit -n 100; exec "$0" "$1"', process.execPath, FIXTURE];
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = spawn('bash', command, { stdio: [...stdio] });
  t.after(() => child.kill('SIGKILL'));
  const [{ port }] = await once(child, 'message');
  const served: number[] = [];
  for (let i = 0; i < WAVES; i++) {
    served.push(await wave(port));
    for (;;) {
      const { there, counted } = await ask(child);
      if (there + counted === 0) break;
      await nextTurn();
    }
  }
  t.diagnostic(`${served} of ${CLIENTS} were served`);
  assert.ok(Math.min(...served) > 30 && Math.max(...served) < 100, `${served} were served`);
});
