import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { resolveServerOptions } from '../../../src/shared/options/server-options.ts';

test('an endpoint that is meant to stand for others is refused, in words', () => {
  for (const endpoint of ['/*', '*', '/a/*', '/:id', '/a/:id/b', '/(.*)']) {
    assert.throws(() => resolveServerOptions({ endpoint }), {
      code: 'ERR_OPTION',
      message:
        `endpoint: '${endpoint}' is not '' or a path such as '/chat' without query; ` +
        "'*' and ':name' stand for nothing yet",
    });
  }
  for (const endpoint of ['/a:b', '/chat/']) {
    assert.equal(resolveServerOptions({ endpoint }).endpoint, endpoint);
  }
  for (const endpoint of ['chat', 'my_endpoint', 'a/b']) {
    assert.equal(resolveServerOptions({ endpoint }).endpoint, `/${endpoint}`);
  }
  assert.equal(resolveServerOptions({ endpoint: '' }).endpoint, '');
});
