import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { acceptOf, refuse, switchingProtocols } from '../../../src/workers/adopt/handshake.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const HEAD =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';

test('the accept of a key is that of RFC 6455', () => {
  assert.equal(acceptOf(KEY), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('a 101 without protocol and headers has neither', () => {
  assert.equal(switchingProtocols({ key: KEY, protocol: '' }, {}).toString(), `${HEAD}\r\n`);
});

test('a 101 names the protocol, and has the headers of the server', () => {
  const headers = { 'X-One': '1', 'X-Latin': 'é' };
  assert.equal(
    switchingProtocols({ key: KEY, protocol: 'chat' }, headers).toString('latin1'),
    `${HEAD}Sec-WebSocket-Protocol: chat\r\nX-One: 1\r\nX-Latin: é\r\n\r\n`,
  );
});

test('a 101 says that nobody keeps a window, and how large that of the server may be', () => {
  const terms = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
  for (const [serverMaxWindowBits, extension] of [
    [undefined, terms],
    [15, `${terms}; server_max_window_bits=15`],
    [9, `${terms}; server_max_window_bits=9`],
  ] as const) {
    const upgrade = { key: KEY, protocol: '', deflate: { serverMaxWindowBits } };
    assert.equal(
      switchingProtocols(upgrade, {}).toString(),
      `${HEAD}Sec-WebSocket-Extensions: ${extension}\r\n\r\n`,
    );
  }
});

test('an upgrade that comes too late gets a 503, and the end', async () => {
  const socket = new PassThrough();
  refuse(socket as unknown as Socket);
  assert.equal(
    await text(socket),
    'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\n' +
      'Content-Length: 19\r\n\r\nService Unavailable',
  );
});

test('a peer that goes away meanwhile is of no consequence', () => {
  const socket = new PassThrough();
  refuse(socket as unknown as Socket);
  assert.equal(socket.emit('error', new Error('ECONNRESET')), true);
});

test('a peer that does not read its 503 is cut', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const socket = new Duplex({ read() {}, write() {} });
  refuse(socket as unknown as Socket);
  t.mock.timers.tick(4_999);
  assert.equal(socket.destroyed, false);
  t.mock.timers.tick(1);
  assert.equal(socket.destroyed, true);
});
