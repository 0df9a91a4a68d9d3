import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type CompressionOptions,
  resolveCompression,
} from '../../../src/shared/options/compression-options.ts';
import { resolveServerOptions } from '../../../src/shared/options/server-options.ts';

const DEFAULTS = { threshold: 1024, level: 1 };

test('compression is off unless it is asked for', () => {
  assert.equal(resolveServerOptions({}).compression, undefined);
  assert.equal(resolveServerOptions({ compression: false }).compression, undefined);
  assert.deepEqual(resolveServerOptions({ compression: true }).compression, DEFAULTS);
});

test('what is left out of the options of compression has its default', () => {
  assert.deepEqual(resolveCompression({}), DEFAULTS);
  assert.deepEqual(resolveCompression({ threshold: 0 }), { ...DEFAULTS, threshold: 0 });
  assert.deepEqual(resolveCompression({ level: 9 }), { ...DEFAULTS, level: 9 });
});

for (const [what, wrong, message] of [
  ['a negative threshold', { threshold: -1 }, /^compression\.threshold: -1 is not a whole number/],
  ['a level of none', { level: 0 }, /^compression\.level: 0 is not a whole number from 1 to 9$/],
  ['a level beyond 9', { level: 10 }, /^compression\.level: 10 is not/],
  ['a word for a number', { threshold: '1' }, /^compression\.threshold: '1' is not/],
  ['an unknown option', { treshold: 1 }, /^compression\.treshold: no such option; there are thr/],
] as const) {
  test(`compression: ${what} is refused`, () => {
    const compression = wrong as CompressionOptions;
    assert.throws(() => resolveServerOptions({ compression }), { code: 'ERR_OPTION', message });
  });
}
