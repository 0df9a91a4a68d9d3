import { strict as assert } from 'node:assert';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import {
  checkHandshake,
  connectionRequest,
  identify,
} from '../../../src/main/admit/handshake-check.ts';
import { checkOrigin } from '../../../src/main/admit/origin-check.ts';
import { Refusal } from '../../../src/shared/api/refusal.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** A server that speaks no subprotocol of its own. */
const PLAIN = { protocols: [], codec: 'text', compression: undefined } as const;
const HEADERS = {
  host: 'example.com',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': KEY,
};

function incoming(parts: Partial<IncomingMessage> & { headers?: object } = {}): IncomingMessage {
  return {
    method: 'GET',
    url: '/chat',
    httpVersion: '1.1',
    socket: { remoteAddress: '::ffff:10.0.0.1' },
    rawHeaders: ['Host', 'example.com'],
    ...parts,
    headers: { ...HEADERS, ...parts.headers },
  } as unknown as IncomingMessage;
}

test('a handshake as RFC 6455 has it is taken', () => {
  assert.deepEqual(checkHandshake(incoming(), PLAIN), { key: KEY, protocol: '', codec: 0 });
  assert.equal(checkHandshake(incoming({ headers: { upgrade: 'WebSocket' } }), PLAIN).key, KEY);
});

for (const [what, parts, status] of [
  ['POST', { method: 'POST' }, 405],
  ['HTTP/1.0', { httpVersion: '1.0' }, 400],
  ['no Host', { headers: { host: undefined } }, 400],
  ['two Hosts', { rawHeaders: ['Host', 'a', 'X', 'host', 'hOST', 'b'] }, 400],
  ['no version', { headers: { 'sec-websocket-version': undefined } }, 426],
  ['version 8', { headers: { 'sec-websocket-version': '8' } }, 426],
  ['two versions', { headers: { 'sec-websocket-version': '13, 8' } }, 426],
  ['no key', { headers: { 'sec-websocket-key': undefined } }, 400],
  ['a key of 15 bytes', { headers: { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25j' } }, 400],
  ['a key with a space', { headers: { 'sec-websocket-key': ` ${KEY.slice(1)}` } }, 400],
  ['a body of some length', { headers: { 'content-length': '5' } }, 400],
  ['a body in chunks', { headers: { 'transfer-encoding': 'chunked' } }, 400],
  ['a protocol named twice', { headers: { 'sec-websocket-protocol': 'a, a' } }, 400],
  ['a list of no protocol', { headers: { 'sec-websocket-protocol': ' ,' } }, 400],
] as const) {
  test(`a handshake with ${what} is refused with ${status}`, () => {
    const request = incoming(parts as unknown as Partial<IncomingMessage>);
    assert.throws(
      () => checkHandshake(request, PLAIN),
      (thrown) => thrown instanceof Refusal && thrown.status === status && thrown.message !== '',
    );
  });
}

test('a refusal of the version says what to upgrade to', () => {
  const request = incoming({ headers: { 'sec-websocket-version': '8' } });
  const headers = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' };
  assert.throws(() => checkHandshake(request, PLAIN), { status: 426, headers });
});

test('the first protocol of the client that the server speaks is chosen', () => {
  const request = incoming({ headers: { 'sec-websocket-protocol': 'a, b , c' } });
  const chosen = (protocols: string[], from = request) =>
    checkHandshake(from, { ...PLAIN, protocols }).protocol;
  assert.equal(chosen(['c', 'b']), 'b');
  assert.equal(chosen(['d']), '');
  assert.equal(chosen(['a'], incoming()), '');
});

for (const [codec, offered, protocol, spoken] of [
  ['negotiate', undefined, '', 0],
  ['negotiate', 'fanring.text.v1', 'fanring.text.v1', 0],
  ['negotiate', 'fanring.msgpack.v1', 'fanring.msgpack.v1', 1],
  ['negotiate', 'fanring.msgpack.v1, fanring.text.v1', 'fanring.msgpack.v1', 1],
  ['negotiate', 'fanring.text.v1, fanring.msgpack.v1', 'fanring.text.v1', 0],
  ['negotiate', 'fanring.msgpack.v2, fanring.msgpack.v1', 'fanring.msgpack.v1', 1],
  ['negotiate', 'own, fanring.msgpack.v1', 'own', 0],
  ['negotiate', 'other', '', 0],
  ['text', 'fanring.msgpack.v1', '', 0],
  ['text', 'fanring.msgpack.v1, fanring.text.v1', 'fanring.text.v1', 0],
  ['msgpack', 'fanring.text.v1', '', 0],
  ['msgpack', 'fanring.msgpack.v1', 'fanring.msgpack.v1', 0],
] as const) {
  test(`where the codec is '${codec}', a client that offers ${offered} gets '${protocol}'`, () => {
    const headers = { 'sec-websocket-protocol': offered };
    const options = { ...PLAIN, protocols: ['own'], codec };
    const handshake = checkHandshake(incoming({ headers }), options);
    assert.deepEqual(handshake, { key: KEY, protocol, codec: spoken });
  });
}

test('empty elements in a list of subprotocols do not count', () => {
  const chosen = (offer: string) =>
    checkHandshake(incoming({ headers: { 'sec-websocket-protocol': offer } }), {
      ...PLAIN,
      protocols: ['chat'],
    }).protocol;
  for (const offer of ['chat,', ',chat', 'a, , chat', 'a ,\tchat\t,,']) {
    assert.equal(chosen(offer), 'chat', offer);
  }
  for (const offer of ['', ',', ' , ', 'ch at', 'chat, chat', 'a;b, chat', 'chat\u00a0']) {
    assert.throws(() => chosen(offer), { status: 400 }, offer);
  }
});

test('compression is agreed on where the server and the client want it', () => {
  const compression = { threshold: 0, level: 1 };
  const agreed = (offer: string | undefined, options = { ...PLAIN, compression }) => {
    const headers = { 'sec-websocket-extensions': offer };
    return 'deflate' in checkHandshake(incoming({ headers }), options);
  };
  assert.equal(agreed('permessage-deflate'), true);
  assert.equal(agreed('permessage-deflate; unknown'), false);
  assert.equal(agreed(undefined), false);
  const headers = { 'sec-websocket-extensions': 'permessage-deflate' };
  assert.equal('deflate' in checkHandshake(incoming({ headers }), PLAIN), false);
});

test('a request is kept as plain values', () => {
  const headers = { cookie: 'a=b', 'set-cookie': ['c', 'd'] };
  const request = connectionRequest(incoming({ url: '/chat?a=b', headers }));
  assert.deepEqual(request, {
    method: 'GET',
    url: '/chat?a=b',
    headers: { ...HEADERS, cookie: 'a=b', 'set-cookie': 'c, d' },
    remoteAddress: '10.0.0.1',
  });
  assert.deepEqual(structuredClone(request), request);
  const socket = { remoteAddress: '::1' } as IncomingMessage['socket'];
  assert.equal(connectionRequest(incoming({ socket })).remoteAddress, '::1');
  const gone = {} as IncomingMessage['socket'];
  assert.equal(connectionRequest(incoming({ socket: gone })).remoteAddress, '');
});

test('no Origin is no browser, and allowed whatever origins says', () => {
  const request = connectionRequest(incoming());
  for (const origins of ['same-host', '*', [], () => false] as const) checkOrigin(request, origins);
});

test('only true of a function allows an origin', () => {
  const request = connectionRequest(incoming({ headers: { origin: 'http://a' } }));
  checkOrigin(request, (origin, asked) => origin === 'http://a' && asked === request);
  for (const answer of [false, undefined, 1, 'yes', Promise.resolve(true)]) {
    assert.throws(() => checkOrigin(request, () => answer as boolean), { status: 403 });
  }
});

const request = connectionRequest(incoming());
const never = new AbortController().signal;

test('a page of the same host is one of http or https', () => {
  for (const [origin, host, isAllowed] of [
    ['http://a', 'a', true],
    ['https://a', 'a:443', true],
    ['file://a', 'a', false],
    ['file://', 'a', false],
    ['chrome-extension://a', 'a', false],
    ['ftp://a', 'a', false],
    ['ws://a', 'a', false],
    ['http://a', 'a b', false],
    ['http://a', '', false],
    ['null', 'null', false],
  ] as const) {
    const asked = connectionRequest(incoming({ headers: { origin, host } }));
    const check = () => checkOrigin(asked, 'same-host');
    if (isAllowed) check();
    else assert.throws(check, { status: 403 }, `${origin} at ${host}`);
  }
});

test('where only the port differs, the refusal names proxies', () => {
  const bodyOf = (origin: string, origins: 'same-host' | string[] = 'same-host') => {
    const asked = connectionRequest(incoming({ headers: { origin, host: 'a.test' } }));
    try {
      checkOrigin(asked, origins);
    } catch (refusal) {
      return (refusal as Refusal).message;
    }
    return '';
  };
  assert.match(bodyOf('https://a.test:8443'), /dropped the port.*Host \$http_host.*`origins`$/);
  assert.match(bodyOf('https://b.test:8443'), /`origins` does not include it$/);
  assert.match(bodyOf('https://a.test:8443', ['https://a.test']), /does not include it$/);
  assert.equal(bodyOf('https://a.test'), '');
});

test('an identity has a random id, the request, and what authorize returns', async () => {
  const none = { authorize: undefined, idGenerator: undefined };
  const one = await identify(request, none, 1000, never);
  const two = await identify(request, { ...none, authorize: async () => 'data' }, 1000, never);
  assert.match(one.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.notEqual(one.id, two.id);
  assert.deepEqual([one.request, one.data, two.data], [request, undefined, 'data']);
});

test('idGenerator makes the id, from the request', async () => {
  const idGenerator = ({ url }: { url: string }) => `id of ${url}`;
  const options = { authorize: undefined, idGenerator };
  assert.equal((await identify(request, options, 1000, never)).id, 'id of /chat');
  for (const id of ['', 5, undefined, null, '\ud800', 'a\udc00']) {
    const wrong = { authorize: undefined, idGenerator: () => id as string };
    await assert.rejects(async () => identify(request, wrong, 1000, never), {
      code: 'ERR_CONNECTION_ID',
    });
  }
});

test('whoever authorize refuses gets no id', async () => {
  const idGenerator = () => assert.fail('asked for an id');
  for (const authorize of [() => false, async () => false]) {
    const refused = async () => identify(request, { authorize, idGenerator }, 1000, never);
    await assert.rejects(refused, { status: 401 });
  }
});

test('authorize has its time, until the engine closes', async () => {
  const options = { authorize: () => new Promise(() => {}), idGenerator: undefined };
  await assert.rejects(async () => identify(request, options, 1, never), {
    status: 503,
    message: 'authorize timed out',
  });
  const closing = new AbortController();
  const refused = Promise.resolve(identify(request, options, 2 ** 31 - 1, closing.signal));
  closing.abort();
  await assert.rejects(refused, { status: 503, message: 'Service Unavailable' });
});
