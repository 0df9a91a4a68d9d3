import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { hasOrigin, isOriginList } from '../../../src/shared/options/origin-list.ts';

test('origins of pages, of apps, patterns and null may be listed', () => {
  for (const origin of [
    'https://a',
    'http://a:8080',
    'http://[::1]:1',
    'https://*.example.com',
    'http://*.example.com:8080',
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://0b2c-1',
    'app://.',
    'file://',
    'null',
  ]) {
    assert.equal(isOriginList([origin]), true, origin);
  }
});

test('what no client sends as its origin is refused', () => {
  for (const origin of [
    '',
    '*',
    'a',
    'a.example',
    'https://a/',
    'https://a:443',
    'https://A',
    'https://*',
    'https://*.',
    'https://a.*.b',
    'https://*a.b',
    'https://*.*.b',
    'https://*.b/',
    'https://*.b:443',
    '*://a',
    'Tauri://a',
    'tauri://a/',
    'tauri://a b',
    'tauri://*.b',
    'tauri:',
    'NULL',
    undefined,
    null,
    1,
  ]) {
    assert.equal(isOriginList([origin]), false, String(origin));
  }
  assert.equal(isOriginList('https://a'), false);
});

test('an app has exactly the origin that is listed', () => {
  const list = ['capacitor://localhost', 'null', 'file://'];
  for (const origin of list) assert.equal(hasOrigin(list, origin), true, origin);
  for (const origin of ['capacitor://localhost/', 'capacitor://evil', 'chrome-extension://a', '']) {
    assert.equal(hasOrigin(list, origin), false, origin);
  }
  assert.equal(hasOrigin(['https://a'], 'null'), false);
});

test('a page may write its origin in other forms', () => {
  assert.equal(hasOrigin(['https://a'], 'https://a:443'), true);
  assert.equal(hasOrigin(['https://a'], 'HTTPS://A'), true);
  assert.equal(hasOrigin(['https://a'], 'http://a'), false);
});

test('a pattern is for subdomains, however deep, of its scheme and port', () => {
  const list = ['https://*.example.com', 'http://*.test:8080'];
  for (const origin of [
    'https://a.example.com',
    'https://a.b.example.com',
    'https://a.example.com:443',
    'http://a.test:8080',
  ]) {
    assert.equal(hasOrigin(list, origin), true, origin);
  }
  for (const origin of [
    'https://example.com',
    'https://.example.com',
    'http://a.example.com',
    'https://a.example.com:8443',
    'https://aexample.com',
    'https://a.example.com.evil.test',
    'https://evil.test/.example.com',
    'https://evil.test#.example.com',
    'https://evil.test:1@a.example.org',
    'http://a.test',
    'https://a.test:8080',
    'null',
  ]) {
    assert.equal(hasOrigin(list, origin), false, origin);
  }
});
