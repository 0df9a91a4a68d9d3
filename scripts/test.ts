import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/*
 * Runs test files with Node's own test runner: `node scripts/test.ts PATTERN… [FLAG…]`. Its
 * output and its exit code are those of the runner.
 */

/** Milliseconds that one test may take. */
const TEST_TIMEOUT = 40_000;

/** Tests wait for processes, ports and threads: one more than there are cores keeps all busy. */
const FILES_AT_A_TIME = availableParallelism() + 1;

// Each file is a process and most start threads: without it all of them strip the same types.
const CACHE = fileURLToPath(new URL('../node_modules/.cache/fanring-test', import.meta.url));

const given = Map.groupBy(process.argv.slice(2), (arg) => arg.startsWith('-'));

const runner = spawn(
  process.execPath,
  [
    `--import=${new URL('test-file-end.ts', import.meta.url).href}`,
    '--test',
    '--preserve-symlinks', // there are none, and each thread would look for them in each path
    `--test-timeout=${TEST_TIMEOUT}`,
    `--test-concurrency=${FILES_AT_A_TIME}`,
    ...(given.get(true) ?? []), // behind a pattern the runner takes none
    ...(given.get(false) ?? []),
  ],
  { stdio: 'inherit', env: { NODE_COMPILE_CACHE: CACHE, ...process.env } },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => runner.kill(signal));
}
runner.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
