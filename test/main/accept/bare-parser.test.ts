import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  BareParser,
  type HttpParserClass,
  parsesUpgrades,
} from '../../../src/main/accept/bare-parser.ts';
import { upgradeRequest } from '../../end-to-end/kit/raw-client.ts';
import { MAX_HEADER_BYTES, UpgradeListener } from './upgrade-listener.ts';

const LINES = upgradeRequest('/v').split('\r\n').slice(1).join('\r\n');
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`X-${at}`, 'y']));

const READ: [string, string][] = [
  ['an upgrade', upgradeRequest('/v')],
  ['one with a query', upgradeRequest('/v?a=b')],
  ['one in absolute form', upgradeRequest('http://example.com/v')],
  ['one with what follows it', `${upgradeRequest('/v')}head`],
  ['one with blanks around values', upgradeRequest('/v', { 'X-A': ' \t b c \t ', 'X-B': ' ' })],
  ['one that is written otherwise', upgradeRequest('/v', { UPGRADE: 'WebSocket', Upgrade: '' })],
  ['one with bytes of Latin-1', upgradeRequest('/v', { 'X-A': 'caf\u00e9' })],
  ['one with a body', upgradeRequest('/v', { 'Content-Length': '4' })],
  ['one whose body has no length', upgradeRequest('/v', { 'Transfer-Encoding': 'chunked' })],
  ['one that keeps a cookie', upgradeRequest('/v', { Cookie: 'a=b; c=d' })],
  ['one with as many headers as the parser tells at once', upgradeRequest('/v', many(26))],
  ['one behind an empty line', `\r\n${upgradeRequest('/v')}`],
];

const SERVED: [string, string][] = [
  ['a request', 'GET /v HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an upgrade that is not to be one', upgradeRequest('/v', { Connection: 'keep-alive' })],
  ['another method', `POST /v HTTP/1.1\r\n${LINES}`],
  ['an older version', `GET /v HTTP/1.0\r\n${LINES}`],
  ['an upgrade to something else', upgradeRequest('/v', { Upgrade: 'h2c' })],
  ['an upgrade behind a request', `GET /a HTTP/1.1\r\nHost: a\r\n\r\n${upgradeRequest('/v')}`],
  ['an upgrade for nobody', upgradeRequest('/other')],
  ['a header that comes twice', upgradeRequest('/v', { 'X-A': 'b', 'x-a': 'c' })],
  ['two hosts', upgradeRequest('/v', { host: 'other' })],
  ['one cookie that is set', upgradeRequest('/v', { 'Set-Cookie': 'a' })],
  ['two cookies that are set', upgradeRequest('/v', { 'Set-Cookie': 'a', 'set-cookie': 'b' })],
  ['a name that objects have', upgradeRequest('/v', { constructor: 'b' })],
  ['the name of prototypes', upgradeRequest('/v', { ['__proto__']: 'b' })],
  ['more headers than the parser tells at once', upgradeRequest('/v', many(40))],
  ['too long a header', upgradeRequest('/v', { 'X-A': 'b'.repeat(MAX_HEADER_BYTES) })],
  ['no HTTP', 'hello\r\n\r\n'],
  ['a line feed alone', upgradeRequest('/v').replaceAll('\r\n', '\n')],
  ['a blank before a colon', upgradeRequest('/v', { 'X-A ': 'b' })],
  ['a line that is folded', upgradeRequest('/v', { 'X-A': 'b\r\n c' })],
  ['a body of two lengths', upgradeRequest('/v', { 'Content-Length': '1, 2' })],
];

test('the parser of Node.js is as it is needed', () => {
  assert.equal(BareParser.isPossible, true);
});

test('another parser is not used', () => {
  const parser = process.getBuiltinModule('_http_common') as never as {
    HTTPParser: HttpParserClass;
  };
  const { HTTPParser } = parser;
  assert.equal(parsesUpgrades(HTTPParser), true);
  const lacking = class extends HTTPParser {
    static override readonly kOnExecute = undefined as never;
  };
  const other = class extends HTTPParser {
    override execute(bytes: Buffer): number | Error {
      return (super.execute(bytes) as number) + 1;
    }
  };
  const failing = class extends HTTPParser {
    override initialize(): void {
      throw new TypeError('other arguments');
    }
  };
  for (const Class of [lacking, other, failing]) assert.equal(parsesUpgrades(Class), false);
});

for (const [by, requests] of Object.entries({ reader: READ, server: SERVED })) {
  for (const [title, bytes] of requests) {
    test(`${title}: for the ${by}, and it is the same as without a reader`, async (t) => {
      const request = Buffer.from(bytes, 'latin1');
      const read = await (await UpgradeListener.open(t)).send(request);
      assert.equal(read.by, by);
      const served = await (await UpgradeListener.open(t, false)).send(request);
      assert.deepEqual(read.what, served.what);
    });
  }
}

test('an upgrade in two pieces is for the HTTP server, wherever it is cut', async (t) => {
  const listener = await UpgradeListener.open(t);
  const request = upgradeRequest('/v');
  const { what: whole } = await listener.send(request);
  for (let at = 1; at < request.length; at += 11) {
    const { by, what } = await listener.send(request.slice(0, at), request.slice(at));
    assert.deepEqual({ by, what }, { by: 'server', what: whole }, `cut at ${at}`);
  }
});

test('parsers are used again, and nothing is left in them', async (t) => {
  const start = t.mock.method(BareParser.prototype, 'start');
  const listener = await UpgradeListener.open(t);
  const other = await UpgradeListener.open(t, false);
  for (const request of [...READ, ...SERVED, ...READ]) {
    const { what } = await listener.send(request[1]);
    assert.deepEqual(what, (await other.send(request[1])).what, request[0]);
  }
  assert.equal(new Set(start.mock.calls.map((call) => call.this)).size, 1);
});
