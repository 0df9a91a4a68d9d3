#!/usr/bin/env node
import { messageOf } from '../shared/api/errors.ts';
import { type LoadResult, LoadRun } from './load-run.ts';
import { HELP, type LoadOptions, readOptions } from './options.ts';
import { progressLine, resultText } from './report.ts';

const PROGRESS_MS = 1000;

const EXIT = { OK: 0, FAILED: 1, USAGE: 2 } as const;

/** Whether all connections could be opened and stayed. */
function isWhole({ connections }: LoadResult): boolean {
  const { asked, opened, lost } = connections;
  return opened === asked && Object.keys(lost).length === 0;
}

async function load(options: LoadOptions): Promise<number> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const run = new LoadRun(options, stop.signal);
  let before = run.state;
  const progress = setInterval(() => {
    const { state } = run;
    process.stderr.write(`${progressLine(state, before, PROGRESS_MS / 1000)}\n`);
    before = state;
  }, PROGRESS_MS);
  try {
    const result = await run.run();
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : resultText(result));
    return isWhole(result) || stop.signal.aborted ? EXIT.OK : EXIT.FAILED;
  } finally {
    clearInterval(progress);
  }
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options !== undefined) return await load(options);
    process.stdout.write(HELP);
    return EXIT.OK;
  } catch (error) {
    process.stderr.write(`fanring-load: ${messageOf(error)}\n(fanring-load --help says more)\n`);
    return EXIT.USAGE;
  }
}

process.exitCode = await main();
