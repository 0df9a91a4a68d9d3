import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { fuzz, fuzzTargets } from './campaign.ts';

/** `npm run fuzz` takes other ones, and many more of them. */
const SEED = 6455;
const INPUTS = 60_000;
const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));

test('the parts of all targets make a whole', () => {
  assert.equal(
    fuzzTargets().reduce((sum, { share }) => sum + share, 0),
    1000,
  );
});

for (const target of fuzzTargets()) {
  test(`hostile input does no harm: ${target.name}`, async () => {
    const failure = await fuzz(target, SEED, (INPUTS * target.share) / 1000);
    assert.equal(failure?.report, undefined);
  });
}

test('what fails is found again with its seed', async () => {
  const property = () =>
    fc.property(fc.nat(1_000_000), (number) => assert.ok(number % 5000 !== 4999));
  const target = { name: 'brittle', share: 0, property };
  const failure = await fuzz(target, SEED, 100_000);
  assert.ok(failure);
  assert.deepEqual(await fuzz(target, failure.seed, failure.inputs), failure);
});

async function run(...args: string[]) {
  const options = { encoding: 'utf8' } as const;
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; out: string }>();
  execFile(process.execPath, [RUN, ...args], options, (error, stdout, stderr) => {
    resolve({ code: error?.code ?? 0, out: stdout + stderr });
  });
  return await promise;
}

test('npm run fuzz says its seed and how many inputs there were', async () => {
  const { code, out } = await run('--inputs', '1000', '--seed', '5');
  assert.equal(code, 0, out);
  assert.match(out, /^seed 5\nframes: 260 inputs, (.*\n)+1000 inputs, none of them did harm\n$/);
});

test('npm run fuzz refuses options that it does not have', async () => {
  for (const args of [['--inputs', '0'], ['--seed', 'x'], ['--target', 'x'], ['--fast']]) {
    const { code, out } = await run(...args);
    assert.equal(code, 2, out);
    assert.match(out, /npm run fuzz -- \[--inputs N\]/);
  }
});
