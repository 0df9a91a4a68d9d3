import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { switchingProtocols } from '../../../src/workers/adopt/handshake.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const HEAD =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';

test('the accept of a key is that of RFC 6455', () => {
  const answer = switchingProtocols({ key: KEY, protocol: '' }, {}).toString();
  assert.match(answer, /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/m);
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
