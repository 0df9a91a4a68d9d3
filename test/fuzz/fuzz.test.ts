import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuzz, fuzzTargets } from './campaign.ts';

/** `npm run fuzz` takes other ones, and a thousand times as many inputs. */
const SEED = 6455;
const INPUTS = 20_000;

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
