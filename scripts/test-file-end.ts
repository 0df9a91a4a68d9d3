import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { relative } from 'node:path';
import { isMainThread, Worker } from 'node:worker_threads';

/*
 * Preloaded into every test file: ends one that does not end by itself, and says which it is. What
 * has been left open is a fault, so the file fails then; `--test-force-exit` would hide it.
 */

/** Milliseconds that a file may live on behind its last test: a close may take five seconds. */
const LINGERS = Number(process.env.TEST_FILE_LINGERS ?? 8_000);
/** Milliseconds that a file may take in all. */
const FILE_TIMEOUT = 120_000;
/** Milliseconds that the loop of a file may stand still; it is noticed after half as much more. */
const STANDSTILL = Number(process.env.TEST_FILE_STANDSTILL ?? 20_000);

const file = relative(process.cwd(), process.argv[1] ?? '');

/** Looks at the clock from a thread of its own, since a loop that stands still looks at nothing. */
const STANDSTILL_WATCH = `
const { workerData: { turns, title, limit, text } } = require('node:worker_threads');
let [seen, looks] = [0, 0];
setInterval(() => {
  const now = Atomics.load(turns, 0);
  looks = now === seen ? looks + 1 : 0;
  seen = now;
  if (looks < 2) return;
  const test = Buffer.from(title).toString().replace(/\\0.*/s, '');
  require('node:fs').writeSync(2, text + test + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, limit / 2);
`;

// Threads that tests start preload this, too, and so does the runner itself.
if (isMainThread && process.env.NODE_TEST_CONTEXT !== undefined) await watch();

async function watch(): Promise<void> {
  const { after, beforeEach } = await import('node:test');
  const title = new Uint8Array(new SharedArrayBuffer(1024));
  const running = new Set<AbortSignal>();
  let isOver = false;
  const end = (why: string) => {
    const active = process.getActiveResourcesInfo().join(', ');
    const test = Buffer.from(title).toString().replace(/\0.*/s, '');
    writeSync(2, `${headline(why)}. Still active: ${active}. Last test: ${test}\n`);
    process.exit(1);
  };
  const lingers = setTimeout(() => {
    if (isOver && running.size === 0) end(`has not ended ${LINGERS} ms after its last test`);
  }, LINGERS).unref();
  beforeEach(({ fullName, signal }) => {
    running.add(signal);
    // At the end of each test, one that has timed out or lost its parent included.
    signal.addEventListener('abort', () => {
      running.delete(signal);
      lingers.refresh();
    });
    title.fill(0);
    Buffer.from(title.buffer).write(fullName);
  });
  // Comes early where a file awaits something between two tests: a later one puts it off again.
  after(() => {
    isOver = true;
    lingers.refresh();
  });
  setTimeout(() => end(`has not ended within ${FILE_TIMEOUT} ms`), FILE_TIMEOUT).unref();
  await watchStandstill(title);
}

/** Resolves when it watches: no test is to take its thread for one that somebody has left. */
async function watchStandstill(title: Uint8Array): Promise<void> {
  const turns = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.add(turns, 0, 1), STANDSTILL / 10).unref();
  const text = `${headline(`has been blocked for ${STANDSTILL} ms`)}, in the test: `;
  const workerData = { turns, title, limit: STANDSTILL, text };
  const worker = new Worker(STANDSTILL_WATCH, { eval: true, execArgv: [], workerData });
  await once(worker, 'online');
  worker.unref();
}

function headline(what: string): string {
  return `\nTEST FILE DOES NOT END: ${file} ${what}`;
}
