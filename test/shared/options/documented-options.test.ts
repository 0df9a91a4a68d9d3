import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { resolveEngineOptions } from '../../../src/shared/options/engine-options.ts';
import { resolveServerOptions } from '../../../src/shared/options/server-options.ts';

const UNITS: Readonly<Record<string, number>> = {
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const EXPONENT = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** The number that is written as `65 535`, `16 MiB` or `2³¹ − 1`. */
function numberOf(text: string): number {
  const power = /^2([⁰¹²³⁴-⁹]+)( − 1)?$/.exec(text);
  if (power !== null) {
    const digits = [...(power[1] as string)].map((digit) => EXPONENT.indexOf(digit)).join('');
    return 2 ** Number(digits) - (power[2] === undefined ? 0 : 1);
  }
  const [, digits = '', unit = ''] = /^([\d ]+?)(?: ([KMGT]iB))?$/.exec(text) ?? [];
  return Number(digits.replaceAll(' ', '') || Number.NaN) * (UNITS[unit] ?? 1);
}

/** The rows of the table of options behind a heading. */
function optionsBehind(heading: string, page: string): [name: string, range: string][] {
  const section = page.slice(page.indexOf(`\n### ${heading}\n`)).split('\n| option |')[1] ?? '';
  const [table = ''] = section.split('\n\n');
  const rows = table.matchAll(/^\| `(?<name>\w+)` \|[^|]*\| (?<range>[^|]*)\|/gm);
  return Array.from(rows, ({ groups }) => [groups?.name ?? '', groups?.range?.trim() ?? '']);
}

for (const [heading, resolve] of [
  ['`new Engine(options?)`', resolveEngineOptions],
  ['Server options', resolveServerOptions],
] as const) {
  test(`docs/api.md names all options and the ranges of numbers: ${heading}`, async () => {
    const page = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
    const documented = optionsBehind(heading, page);
    const names = documented.map(([name]) => name);
    assert.deepEqual(names.toSorted(), Object.keys(resolve({})).toSorted());
    for (const [name, range] of documented) {
      const allowed = allowedOf(() => resolve({ [name]: Number.NaN }));
      const whole = /^a whole number from (\d+) to (\d+)$/.exec(allowed);
      if (whole === null) continue;
      const [, least, most] = whole.map(Number);
      assert.deepEqual(range.split(' to ').map(numberOf), [least, most], `${name}: ${range}`);
    }
  });
}

/** What the error says is allowed. */
function allowedOf(wrong: () => unknown): string {
  try {
    wrong();
  } catch (error) {
    return (error as Error).message.replace(/^.* is not /, '');
  }
  return assert.fail('NaN is no option');
}
