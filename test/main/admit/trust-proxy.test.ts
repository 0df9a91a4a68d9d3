import { strict as assert } from 'node:assert';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { array, assert as check, constantFrom, integer, oneof, property } from 'fast-check';
import proxyAddr from 'proxy-addr';
import { ProxyTrust } from '../../../src/main/admit/trust-proxy.ts';
import type { TrustProxy } from '../../../src/shared/options/engine-options.ts';

/** A request from an address, with these headers. */
function from(remoteAddress: string | undefined, headers: Record<string, string> = {}) {
  const request = { socket: { remoteAddress }, headers: { host: 'engine:8080', ...headers } };
  return request as unknown as IncomingMessage;
}

function clientOf(trustProxy: TrustProxy, address: string | undefined, forwarded: string): string {
  return new ProxyTrust(trustProxy).of(from(address, { 'x-forwarded-for': forwarded }))
    .remoteAddress;
}

test('nobody is believed by default', () => {
  const headers = { 'x-forwarded-for': '1.1.1.1', 'x-forwarded-host': 'evil.test' };
  const { remoteAddress, host } = new ProxyTrust(0).of(from('::ffff:10.0.0.1', headers));
  assert.deepEqual([remoteAddress, host], ['10.0.0.1', 'engine:8080']);
});

test('so many proxies are believed as there are said to be', () => {
  const forwarded = '1.1.1.1, 2.2.2.2,3.3.3.3';
  assert.equal(clientOf(1, '10.0.0.1', forwarded), '3.3.3.3');
  assert.equal(clientOf(2, '10.0.0.1', forwarded), '2.2.2.2');
  assert.equal(clientOf(9, '10.0.0.1', forwarded), '1.1.1.1');
  assert.equal(clientOf(1, '10.0.0.1', ''), '10.0.0.1');
  assert.equal(clientOf(1, undefined, '1.1.1.1'), '1.1.1.1', 'a Unix socket has no address');
  assert.equal(clientOf(1, '10.0.0.1', '::ffff:0102:0304'), '::ffff:0102:0304', 'in hexadecimal');
});

test('proxies with known addresses are believed, until there is one that has not', () => {
  const known = ['10.0.0.0/8', '::1', 'fd00::/8', '192.168.1.7', '::ffff:172.16.0.0/108'];
  assert.equal(clientOf(known, '10.9.9.9', '6.6.6.6, 1.1.1.1, 192.168.1.7'), '1.1.1.1');
  assert.equal(clientOf(known, '::ffff:10.0.0.1', '1.1.1.1, ::ffff:10.0.0.2, fd12::1'), '1.1.1.1');
  assert.equal(clientOf(known, '172.31.0.1', '::2'), '::2');
  assert.equal(clientOf(known, '172.32.0.1', '::2'), '172.32.0.1');
  assert.equal(clientOf(known, '192.168.1.8', '1.1.1.1'), '192.168.1.8');
  assert.equal(clientOf(known, undefined, '1.1.1.1'), '');
});

test('what is no address is not taken for one', () => {
  const nonsense = ['unknown', '<script>', '256.1.1.1', '1.1.1.1:', '1.1.1.1:65536', ':80'];
  const brackets = ['[::1', '::1]:80', '[1.1.1.1]:80', '[::1]80', '[]:1', '1.1.1.1:80:80'];
  for (const entry of [...nonsense, ...brackets]) {
    assert.equal(clientOf(2, '10.0.0.1', `1.1.1.1, ${entry}`), '10.0.0.1');
  }
});

test('an address may come with its port, and in brackets', () => {
  for (const [entry, address] of [
    ['203.0.113.5:41234', '203.0.113.5'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[::ffff:10.1.2.3]:1', '10.1.2.3'],
  ] as const) {
    assert.equal(clientOf(1, '10.0.0.1', `9.9.9.9, ${entry}`), address);
  }
  const trusted = ['10.0.0.0/8'];
  assert.equal(clientOf(trusted, '10.0.0.1', '1.1.1.1:5, 10.2.2.2:80'), '1.1.1.1');
});

test("an absolute URL's host counts, and not Host", () => {
  const request = { ...from('10.0.0.1'), url: 'ws://user@chat.test:81/a' } as IncomingMessage;
  assert.equal(new ProxyTrust(0).of(request).host, 'chat.test:81');
  assert.equal(new ProxyTrust(1).of(request).host, 'chat.test:81');
  request.headers['x-forwarded-host'] = 'outer.test';
  assert.equal(new ProxyTrust(1).of(request).host, 'outer.test');
});

test('the host is what the client asked the outermost proxy for', () => {
  const headers = { 'x-forwarded-host': 'chat.test, inner.test' };
  assert.equal(new ProxyTrust(1).of(from('10.0.0.1', headers)).host, 'chat.test');
  assert.equal(new ProxyTrust(['10.0.0.1']).of(from('10.0.0.1', headers)).host, 'chat.test');
  assert.equal(new ProxyTrust(['10.0.0.2']).of(from('10.0.0.1', headers)).host, 'engine:8080');
  assert.equal(new ProxyTrust(1).of(from('10.0.0.1')).host, 'engine:8080');
});

test('what only looks like an address is an error', () => {
  for (const entry of ['10.0.0', '10.0.0.1/33', 'fd00::/129', '1:2', '::ffff:10.0.0.1/90']) {
    const message = `trustProxy: '${entry}' is not an IP address or range`;
    assert.throws(() => new ProxyTrust([entry]), { code: 'ERR_OPTION', message });
  }
});

test('the client is whom proxy-addr, which Express has, takes for it', () => {
  const address = constantFrom('10.0.0.1', '10.0.0.2', '1.1.1.1', '2.2.2.2', '::1', 'fd00::5');
  const known = oneof(integer({ min: 0, max: 4 }), array(constantFrom('10.0.0.0/8', '::1')));
  const cases = property(known, address, array(address, { maxLength: 5 }), (trust, peer, chain) => {
    const request = from(peer, chain.length > 0 ? { 'x-forwarded-for': chain.join(', ') } : {});
    const reference = typeof trust === 'number' ? (_: string, hops: number) => hops < trust : trust;
    assert.equal(new ProxyTrust(trust).of(request).remoteAddress, proxyAddr(request, reference));
  });
  check(cases, { numRuns: 500 });
});
