import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the output of the test runner for one fixture, and its exit code. */
async function run(fixture: string) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // or the runner takes itself for a test
  const args = ['scripts/test.ts', '--test-reporter=tap', `test/scripts/fixtures/${fixture}`];
  const runner = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...env, TEST_FILE_LINGERS: '500', TEST_FILE_STANDSTILL: '2000' },
  });
  const ended = new Promise<number | null>((resolve) => runner.on('exit', resolve));
  const [output, code] = await Promise.all([text(runner.stdout), ended]);
  return { output, code };
}

const LINGERED = 'has not ended 500 ms after its last test';

for (const [fixture, failed, said] of [
  ['leaks.ts', 'leaks.ts', `${LINGERED}. Still active: .*TCPServerWrap.* Last test: passes`],
  ['waits.ts', 'waits for ever', LINGERED],
  ['blocks.ts', 'blocks.ts', 'has been blocked for 2000 ms, in the test: blocks the loop'],
] as const) {
  test(`a test file that does not end is ended and named: ${fixture}`, async () => {
    const { output, code } = await run(fixture);
    assert.equal(code, 1);
    assert.match(output, new RegExp(`not ok \\d+ - (\\S*/)?${failed}`));
    assert.match(output, new RegExp(`DOES NOT END: test/scripts/fixtures/${fixture} ${said}`));
  });
}

test('a test file that takes its time is left alone', async () => {
  const { output, code } = await run('ends.ts');
  assert.equal(code, 0, output);
  assert.match(output, /ok \d+ - takes its time/);
});
