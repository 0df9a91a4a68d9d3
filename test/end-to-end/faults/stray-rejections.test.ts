import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const PROGRAM = new URL('../fixtures/stray-process.ts', import.meta.url);

for (const [flags, told] of [
  [[], { shard: 1, reason: 'nobody waits for this' }],
  [['--unhandled-rejections=warn'], 'still here'],
] as const) {
  test(`a rejection that nobody handles does in a shard what it does in a process: ${flags}`, async (t) => {
    const child = fork(PROGRAM, {
      execArgv: [...flags],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    t.after(() => child.kill('SIGKILL'));
    const [message] = await once(child, 'message');
    assert.deepEqual(message, told);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
}
