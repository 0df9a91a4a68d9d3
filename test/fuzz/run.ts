import { parseArgs } from 'node:util';
import { scriptOptions } from '../script-options.ts';
import { fuzz, fuzzTargets } from './campaign.ts';

const USAGE = `npm run fuzz -- [--inputs N] [--seed S] [--target NAME]

  --inputs N     inputs for all targets together, or for the one named; default 1000000
  --seed S       makes the same inputs again; default: another each time
  --target NAME  only this target`;

interface Options {
  readonly inputs: number;
  readonly seed: number;
  readonly target: string | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
      target: { type: 'string' },
    },
  });
  const inputs = Number(values.inputs);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(inputs) || inputs < 1) throw new TypeError('--inputs: 1 or more');
  if (!Number.isInteger(seed)) throw new TypeError('--seed: a whole number');
  const names = fuzzTargets().map(({ name }) => name);
  if (values.target !== undefined && !names.includes(values.target)) {
    throw new TypeError(`--target: one of ${names.join(', ')}`);
  }
  return { inputs, seed, target: values.target };
}

/** Runs all targets, or one; the number of inputs, or undefined where one failed. */
async function run({ inputs, seed, target: only }: Options): Promise<number | undefined> {
  let total = 0;
  for (const target of fuzzTargets()) {
    if (only !== undefined && target.name !== only) continue;
    const count = only === undefined ? Math.ceil((inputs * target.share) / 1000) : inputs;
    const start = performance.now();
    const failure = await fuzz(target, seed, count);
    if (failure !== undefined) {
      const again = `--target '${target.name}' --seed ${failure.seed} --inputs ${failure.inputs}`;
      console.error(`${target.name}: failed\n${failure.report}\nAgain: npm run fuzz -- ${again}`);
      return undefined;
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${target.name}: ${count} inputs, ${seconds} s`);
    total += count;
  }
  return total;
}

const options = scriptOptions(readOptions, USAGE);
if (options !== undefined) {
  console.log(`seed ${options.seed}`);
  const total = await run(options);
  if (total === undefined) process.exitCode = 1;
  else console.log(`${total} inputs, none of them did harm`);
}
