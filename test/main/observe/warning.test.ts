import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { warnOf } from '../../../src/main/observe/warning.ts';
import {
  deserializeError,
  EngineError,
  handlerError,
  serializeError,
} from '../../../src/shared/api/errors.ts';

test('a warning says an error once, and where it came from', (t) => {
  const details: (string | undefined)[] = [];
  t.mock.method(process, 'emitWarning', (message: string, options: NodeJS.EmitWarningOptions) => {
    assert.equal(message, own.message);
    assert.deepEqual([options.type, options.code], ['EngineError', own.code]);
    details.push(options.detail);
  });
  const thrown = new Error('the app');
  const own = handlerError('a handler', thrown);
  warnOf(own);
  warnOf(deserializeError(serializeError(new EngineError(own.code, own.message))));
  const here = new EngineError(own.code, own.message);
  warnOf(here);
  assert.deepEqual(details, [thrown.stack, '', here.stack]);
});
