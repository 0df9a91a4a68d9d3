import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseProxyHeader } from '../../../src/main/accept/proxy-header.ts';
import { binaryHeader } from '../../end-to-end/kit/proxy-header.ts';

const v4 = { remoteAddress: '203.0.113.5', remotePort: 41234, remoteFamily: 'IPv4' };
const v6 = { remoteAddress: '2001:db8::7', remotePort: 443, remoteFamily: 'IPv6' };

const GOOD: [string, Buffer, object | undefined][] = [
  ['TCP4', Buffer.from('PROXY TCP4 203.0.113.5 192.0.2.1 41234 443\r\n'), v4],
  ['TCP6', Buffer.from('PROXY TCP6 2001:db8::7 ::1 443 65535\r\n'), v6],
  ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['UNKNOWN with more', Buffer.from('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'), undefined],
  ['v2 of IPv4', binaryHeader('203.0.113.5', 41234), v4],
  ['v2 of IPv6', binaryHeader('2001:db8:0:0:0:0:0:7', 443), v6],
  ['v2 with fields behind', binaryHeader('203.0.113.5', 41234, { behind: 200 }), v4],
  ['v2 LOCAL', binaryHeader('203.0.113.5', 41234, { command: 0x20 }), undefined],
  ['v2 of a Unix socket', binaryHeader('203.0.113.5', 1, { kind: 0x31, behind: 204 }), undefined],
  ['v2 without addresses', binaryHeader('0.0.0.0', 0, { kind: 0 }), undefined],
];

for (const [title, header, client] of GOOD) {
  test(`a header is read, and nothing behind it: ${title}`, () => {
    const parsed = parseProxyHeader(Buffer.concat([header, Buffer.from('GET / HTTP/1.1\r\n')]));
    assert.deepEqual(parsed, { length: header.length, client });
    for (let length = 0; length < header.length; length++) {
      assert.equal(parseProxyHeader(header.subarray(0, length)), 'incomplete', `${length} bytes`);
    }
  });
}

for (const line of [
  'GET / HTTP/1.1\r\n',
  'PROXY',
  'PROXY TCP4 203.0.113.5 192.0.2.1 41234\r\n',
  'PROXY TCP4 203.0.113.5 192.0.2.1 65536 443\r\n',
  'PROXY TCP4 203.0.113.5 192.0.2.1 1 99999\r\n',
  'PROXY TCP4 203.0.113 192.0.2.1 1 2\r\n',
  'PROXY TCP4 ::1 ::1 1 2\r\n',
  'PROXY TCP6 1.1.1.1 ::1 1 2\r\n',
  'PROXY TCP5 1.1.1.1 1.1.1.1 1 2\r\n',
  'PROXY  TCP4 1.1.1.1 1.1.1.1 1 2\r\n',
  `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
  'proxy UNKNOWN\r\n',
]) {
  test(`no header: ${JSON.stringify(line)}`, () => {
    const expected = line === 'PROXY' ? 'incomplete' : 'malformed';
    assert.equal(parseProxyHeader(Buffer.from(line)), expected);
  });
}

test('a header of version 2 that is none', () => {
  for (const options of [{ command: 0x22 }, { command: 0x11 }, { behind: 5000 }]) {
    assert.equal(parseProxyHeader(binaryHeader('203.0.113.5', 1, options)), 'malformed');
  }
  const short = binaryHeader('203.0.113.5', 1);
  short.writeUInt16BE(11, 14);
  assert.equal(parseProxyHeader(short), 'malformed');
});
