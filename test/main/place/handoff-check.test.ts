import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Engine } from '../../../src/main/engine.ts';

test('a Node.js that is too old is named before anything else fails', (t) => {
  const version = process.version;
  t.after(() => Object.defineProperty(process, 'version', { value: version }));
  t.mock.method(Promise, 'withResolvers', () => assert.fail('Node.js 20 does not have it'));
  for (const old of ['v20.19.5', 'v22.21.0', 'v23.0.0']) {
    Object.defineProperty(process, 'version', { value: old });
    assert.throws(() => new Engine(), {
      code: 'ERR_HANDOFF_UNSUPPORTED',
      message: `Node.js ${old} cannot move a socket to a worker thread (fanring needs ^24.20.0 or >=26.6.0)`,
    });
  }
});
