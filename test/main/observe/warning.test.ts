import { strict as assert } from 'node:assert';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { EngineEvents } from '../../../src/main/engine-events.ts';
import { emitError } from '../../../src/main/observe/warning.ts';
import {
  deserializeError,
  EngineError,
  handlerError,
  serializeError,
} from '../../../src/shared/api/errors.ts';

test('a warning says an error once, and where it came from', (t) => {
  const engine = new EventEmitter<EngineEvents>();
  const details: (string | undefined)[] = [];
  t.mock.method(process, 'emitWarning', (message: string, options: NodeJS.EmitWarningOptions) => {
    assert.equal(message, own.message);
    assert.deepEqual([options.type, options.code], ['EngineError', own.code]);
    details.push(options.detail);
  });
  const thrown = new Error('the app');
  const own = handlerError('a handler', thrown);
  emitError(engine, own);
  emitError(engine, deserializeError(serializeError(new EngineError(own.code, own.message))));
  const here = new EngineError(own.code, own.message);
  emitError(engine, here);
  assert.deepEqual(details, [thrown.stack, '', here.stack]);
});
