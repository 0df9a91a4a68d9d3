import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
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
    assert.equal(Object.hasOwn(plain, 'closeCode'), false, 'nobody prints closeCode: undefined');
    assert.equal(inspect(plain), "[EngineError: x] { code: 'ERR_HANDLER' }");
  });

  test('crosses with the frames of the app, and without those of Node.js', () => {
    const cause = new Error('first');
    cause.stack = [
      'Error: first',
      '    at handle (file:///app/handlers.ts:1:2)',
      '    at async ModuleLoader.resolve (node:internal/modules/esm/loader:7:8)',
      '    at node:internal/main/worker_thread:5:6',
      '    at file:///app/other.ts:3:4',
    ].join('\n');
    const there = deserializeError(serializeError(new EngineError('ERR_HANDLER', 'x', { cause })));
    assert.equal(there.stack, 'EngineError: x');
    assert.deepEqual((there.cause as Error).stack?.split('\n'), [
      'Error: first',
      '    at handle (file:///app/handlers.ts:1:2)',
      '    at file:///app/other.ts:3:4',
    ]);
  });
});

test('docs/api.md lists every error code, with its meaning', async () => {
  const api = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  const rows = api.matchAll(/^\| `(?<code>ERR_\w+)` \| (?<meaning>.*) \|$/gm);
  const documented = Array.from(rows, ({ groups }) => [groups?.code, groups?.meaning]);
  assert.deepEqual(documented, Object.entries(ERROR_CODES));
});
