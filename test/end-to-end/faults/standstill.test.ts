import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';

const SERVER = new URL('../fixtures/standing-server.ts', import.meta.url);
/** Longer than all times of the server. */
const STANDSTILL = 700;

for (const shards of [0, 1]) {
  test(`nobody who answers is cut off when the process stood still: ${shards} shards`, async () => {
    const server = fork(SERVER, [`${shards}`], { execArgv: ['--no-warnings'] });
    try {
      const [port] = (await once(server, 'message')) as [number];
      await using answering = await TestClient.open({ port }, '/v?answering');
      await using silent = await RawClient.open(port, '/v?silent');
      await once(answering.socket, 'ping');
      const cut = once(server, 'message');
      server.kill('SIGSTOP');
      await sleep(STANDSTILL); // there is no event in a process that stands still
      server.kill('SIGCONT');
      assert.deepEqual(await cut, [['/v?silent', 'ERR_PONG_TIMEOUT'], undefined]);
      await silent.rest();
      answering.send('5');
      assert.equal((await answering.next()).length, 5);
      server.send('close');
      await once(server, 'exit');
    } finally {
      server.kill('SIGKILL');
    }
  });
}
