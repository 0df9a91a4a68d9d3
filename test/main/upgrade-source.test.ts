import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { pathOf } from '../../src/main/upgrade-source.ts';

test('the path of a request is what comes before its query', () => {
  for (const [url, path] of [
    ['/', '/'],
    ['/chat', '/chat'],
    ['/chat?a=/b?c', '/chat'],
    ['/chat/?', '/chat/'],
    ['//host/chat', '//host/chat'],
    ['http://host/chat?a=b', '/chat'],
    ['http://host', '/'],
    ['*', undefined],
    ['', undefined],
    [undefined, undefined],
  ]) {
    assert.equal(pathOf(url), path, `the path of ${url}`);
  }
});
