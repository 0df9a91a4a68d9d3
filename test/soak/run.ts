import { parseArgs } from 'node:util';
import { commit } from '../../bench/report/machine.ts';
import { scriptOptions } from '../script-options.ts';
import { writeReport } from './report.ts';
import { type SoakOptions, soak } from './soak.ts';

const USAGE = `npm run soak -- [--minutes N] [--seed S] [--rate R] [--connections C] [--shards N]
                  [--kill-every SECONDS] [--out NAME]

  --minutes N         how long; default 1
  --seed S            makes the same choices again; default: another each time
  --rate R            what clients do in a second, together; default 200
  --connections C     clients, on all servers together; default 56
  --shards N          default 2
  --kill-every S      seconds between the deaths of shards; default 15
  --out NAME          of the report, bench/results/NAME.md and .svg; default: quick.soak, which git ignores`;

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least) {
    throw new TypeError(`--${name}: '${text}' is not a number from ${least}`);
  }
  return value;
}

function readOptions(): SoakOptions & { readonly out: string } {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
      rate: { type: 'string', default: '200' },
      connections: { type: 'string', default: '56' },
      shards: { type: 'string', default: '2' },
      'kill-every': { type: 'string', default: '15' },
      out: { type: 'string', default: 'quick.soak' },
    },
  });
  const rate = number('rate', values.rate, 1);
  return {
    seed: number('seed', values.seed, 0),
    shards: number('shards', values.shards, 1),
    connections: number('connections', values.connections, 1),
    rate,
    steps: Math.ceil(number('minutes', values.minutes, 0.01) * 60 * rate),
    killEveryMs: number('kill-every', values['kill-every'], 1) * 1000,
    onProgress: (line) => console.log(line),
    out: values.out,
  };
}

const options = scriptOptions(readOptions, USAGE);
if (options !== undefined) {
  console.log(`seed ${options.seed}`);
  const result = await soak(options);
  const heading = { date: new Date().toISOString().slice(0, 10), commit: commit() };
  console.log(writeReport(result, heading, options.out));
  for (const detail of result.violations.details) console.error(detail);
  if (result.violations.total > 0) process.exitCode = 1;
}
