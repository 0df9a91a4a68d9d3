import assert from 'node:assert/strict';
import { test } from 'node:test';
import { websocketUrl } from '../../../src/client/connect/websocket-url.ts';

const page = new URL('http://page.example:8080/dir/index.html');
const tlsPage = new URL('https://page.example/dir/index.html');

for (const url of ['ws://host/chat', 'wss://host:81/chat?from=http://a']) {
  test(`leaves ${url} alone`, () => {
    for (const from of [undefined, page, tlsPage]) assert.equal(websocketUrl(url, from), url);
  });
}

for (const [url, normal] of [
  ['http://host/chat', 'ws://host/chat'],
  ['HTTPS://host', 'wss://host/'],
  ['WS://host/', 'ws://host/'],
] as const) {
  test(`writes ${url} as ${normal}`, () => {
    for (const from of [undefined, page, tlsPage]) assert.equal(websocketUrl(url, from), normal);
  });
}

for (const [url, plain, tls] of [
  ['host/chat', 'ws://host/chat', 'wss://host/chat'],
  ['wsserver:81/chat', 'ws://wsserver:81/chat', 'wss://wsserver:81/chat'],
  ['host/chat?to=http://a', 'ws://host/chat?to=http://a', 'wss://host/chat?to=http://a'],
  ['/chat', 'ws://page.example:8080/chat', 'wss://page.example/chat'],
  ['/chat?a=b', 'ws://page.example:8080/chat?a=b', 'wss://page.example/chat?a=b'],
  ['//other:81/chat', 'ws://other:81/chat', 'wss://other:81/chat'],
] as const) {
  test(`completes ${url} as its page came`, () => {
    assert.equal(websocketUrl(url, page), plain);
    assert.equal(websocketUrl(url, tlsPage), tls);
  });
}

test('takes ws: for a host where there is no page', () => {
  assert.equal(websocketUrl('host:81/chat', undefined), 'ws://host:81/chat');
});

test('refuses a path where there is no page', () => {
  assert.throws(() => websocketUrl('/chat', undefined), TypeError);
});

test('refuses what is no URL', () => {
  for (const url of ['ws://', 'host name/chat', '']) {
    assert.throws(() => websocketUrl(url, undefined), TypeError);
  }
});
