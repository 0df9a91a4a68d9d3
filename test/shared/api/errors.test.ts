import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import {
  deserializeError,
  EngineError,
  ERROR_CODES,
  serializeError,
} from '../../../src/shared/api/errors.ts';

describe('EngineError', () => {
  test('crosses a structured clone with its code, message and close code', () => {
    const error = new EngineError('ERR_PROTOCOL', 'a mask is missing', { closeCode: 1002 });
    const there = deserializeError(structuredClone(serializeError(error)));
    assert.ok(there instanceof EngineError);
    assert.deepEqual(
      [there.name, there.code, there.message, there.closeCode],
      ['EngineError', 'ERR_PROTOCOL', 'a mask is missing', 1002],
    );
  });

  test('has a cause and a close code only where they were given', () => {
    const cause = new Error('first');
    assert.equal(new EngineError('ERR_HANDLER', 'x', { cause }).cause, cause);
    const plain = deserializeError(serializeError(new EngineError('ERR_HANDLER', 'x')));
    assert.equal(Object.hasOwn(plain, 'cause'), false);
    assert.equal(plain.closeCode, undefined);
  });
});

test('docs/api.md lists every error code, with its meaning', async () => {
  const api = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  const rows = api.matchAll(/^\| `(?<code>ERR_\w+)` \| (?<meaning>.*) \|$/gm);
  const documented = Array.from(rows, ({ groups }) => [groups?.code, groups?.meaning]);
  assert.deepEqual(documented, Object.entries(ERROR_CODES));
});
