import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { BareSocket } from '../../src/main/bare-socket.ts';
import { Refusal, refuse } from '../../src/main/refusal.ts';
import type { UpgradeRequest } from '../../src/main/upgrade.ts';
import { UpgradeParser } from '../../src/main/upgrade-parser.ts';
import { UpgradeReader } from '../../src/main/upgrade-reader.ts';
import { type FindEndpoint, takeUpgrades } from '../../src/main/upgrade-source.ts';
import { closeServer, listen } from '../end-to-end/http-server.ts';
import { upgradeRequest } from '../end-to-end/raw-client.ts';

const MAX_HEADER_BYTES = 2_000;
const WAIT = 10_000; // ms

/** What comes of a connection's first bytes. */
interface Outcome {
  /** Who had it: the reader, or the HTTP server. */
  readonly by: 'reader' | 'server';
  /** What there is of the request, or what the HTTP server said of it. */
  readonly what: unknown;
}

/** An HTTP server that takes upgrades for /v, with a reader ahead of it or without one. */
class Door {
  readonly server: HttpServer;
  reader: UpgradeReader | undefined;
  readonly taken: BareSocket[] = [];
  readonly clients: Socket[] = [];
  #tell: (outcome: Outcome) => void = () => {};

  constructor() {
    this.server = createServer({ maxHeaderSize: MAX_HEADER_BYTES });
    takeUpgrades(this.server, this.find, WAIT);
    this.server.on('request', ({ method, url, rawHeaders }, response) => {
      response.end();
      this.#tell({ by: 'server', what: { method, url, rawHeaders } });
    });
    this.server.on('clientError', ({ code }: Error & { code: string }, socket) => {
      socket.destroy();
      this.#tell({ by: 'server', what: code });
    });
  }

  static async open(t: TestContext, isRead = true): Promise<Door> {
    const door = new Door();
    const config = { maxHeaderBytes: MAX_HEADER_BYTES, handshakeTimeout: WAIT };
    if (isRead) door.reader = new UpgradeReader(door.server, door.find, config);
    await listen(door.server);
    t.after(async () => {
      for (const socket of [...door.taken, ...door.clients]) socket.destroy();
      await door.reader?.close();
      await closeServer(door.server);
    });
    return door;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  connect(): Socket {
    const client = connect(this.port, '127.0.0.1').on('error', () => {}); // it may be reset
    this.clients.push(client);
    return client;
  }

  /** What comes of these bytes, each piece of which is read by itself. */
  async send(...pieces: (string | Buffer)[]): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#tell = resolve;
    const [first = '', ...rest] = pieces;
    const client = this.connect();
    client.setNoDelay(true);
    client.on('data', (answer) => resolve({ by: 'server', what: String(answer) }));
    client.write(first);
    // The HTTP server has it then, since it is not all of an upgrade.
    if (rest.length > 0) await once(this.server, 'connection');
    for (const piece of rest) client.write(piece);
    return await promise;
  }

  readonly find: FindEndpoint = (path) => {
    if (path !== '/v') return undefined;
    return (request, socket, head) => this.#take(request, socket, head);
  };

  #take(request: UpgradeRequest, socket: Duplex | BareSocket, head: Buffer | undefined): void {
    const { method, url, httpVersion, headers, rawHeaders } = request;
    const what = { method, url, httpVersion, headers, rawHeaders, head: String(head ?? '') };
    const isBare = socket instanceof BareSocket;
    assert.equal(request.socket.remoteAddress, '127.0.0.1');
    if (isBare) this.taken.push(socket);
    else socket.destroy();
    this.#tell({ by: isBare ? 'reader' : 'server', what });
  }
}

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
  ['another way to ask', `POST /v HTTP/1.1\r\n${LINES}`],
  ['an older version', `GET /v HTTP/1.0\r\n${LINES}`],
  ['an upgrade to something else', upgradeRequest('/v', { Upgrade: 'h2c' })],
  ['an upgrade behind a request', `GET /a HTTP/1.1\r\nHost: a\r\n\r\n${upgradeRequest('/v')}`],
  ['an upgrade for nobody', upgradeRequest('/other')],
  ['a header that comes twice', upgradeRequest('/v', { 'X-A': 'b', 'x-a': 'c' })],
  ['two hosts', upgradeRequest('/v', { host: 'other' })],
  ['a cookie that is set', upgradeRequest('/v', { 'Set-Cookie': 'a', 'set-cookie': 'b' })],
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

const isPossible = UpgradeParser.isPossible;

test('where Node.js can, the reader can', () => assert.equal(isPossible, true));

for (const [by, requests] of Object.entries({ reader: READ, server: SERVED })) {
  for (const [title, bytes] of requests) {
    test(`${title}: for the ${by}, and it is the same as without a reader`, async (t) => {
      const request = Buffer.from(bytes, 'latin1');
      const read = await (await Door.open(t)).send(request);
      assert.equal(read.by, by);
      const served = await (await Door.open(t, false)).send(request);
      assert.deepEqual(read.what, served.what);
    });
  }
}

test('an upgrade in two pieces is for the HTTP server, wherever it is cut', async (t) => {
  const door = await Door.open(t);
  const request = upgradeRequest('/v');
  const { what: whole } = await door.send(request);
  for (let at = 1; at < request.length; at += 11) {
    const { by, what } = await door.send(request.slice(0, at), request.slice(at));
    assert.deepEqual({ by, what }, { by: 'server', what: whole }, `cut at ${at}`);
  }
});

test('parsers are used again, and nothing is left in them', async (t) => {
  const door = await Door.open(t);
  const other = await Door.open(t, false);
  for (const request of [...READ, ...SERVED, ...READ]) {
    const { what } = await door.send(request[1]);
    assert.deepEqual(what, (await other.send(request[1])).what, request[0]);
  }
});

test('who says nothing is with the HTTP server soon, and may speak later', async (t) => {
  const door = await Door.open(t);
  const served = once(door.server, 'connection');
  const client = door.connect();
  const [socket] = (await served) as [Socket];
  const upgrade = once(door.server, 'upgrade');
  client.write(upgradeRequest('/v'));
  const [request] = await upgrade;
  assert.equal(request.socket, socket);
});

test('how long somebody has said nothing is known of everybody', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const door = await Door.open(t);
  let served = 0;
  door.server.on('connection', () => {
    served += 1;
  });
  await door.send(upgradeRequest('/v')); // whose parser the next one gets
  t.mock.timers.tick(100);
  const client = door.connect();
  await once(client, 'connect');
  await door.send(upgradeRequest('/v')); // accepted behind it
  t.mock.timers.tick(100);
  assert.equal(served, 0, 'it has been there for one look');
  t.mock.timers.tick(100);
  assert.equal(served, 1);
});

test('what a shard gets does not wait for more to be sent', async (t) => {
  const door = await Door.open(t);
  await door.send(upgradeRequest('/v'));
  const prototype = Object.getPrototypeOf(door.taken[0]?._handle);
  const setNoDelay = t.mock.method(prototype, 'setNoDelay', () => 0);
  await door.send(upgradeRequest('/v'));
  const calls: { this: unknown; arguments: unknown[] }[] = setNoDelay.mock.calls;
  const isMine = (call: { this: unknown }) => call.this === door.taken[1]?._handle;
  assert.deepEqual(
    calls.filter(isMine).map((call) => call.arguments),
    [[true]],
  );
});

test('who goes without a word leaves nothing', async (t) => {
  const door = await Door.open(t);
  door.server.on('connection', () => assert.fail('nobody is there'));
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    const client = door.connect();
    await once(client, 'connect');
    const closed = once(client, 'close');
    client[leave]();
    client.resume();
    await closed;
  }
});

test('closing ends who has said nothing, and waits for who is being decided on', async (t) => {
  const door = await Door.open(t);
  await door.send(upgradeRequest('/v'));
  const silent = door.connect();
  await once(silent, 'connect');
  // What is accepted behind it has been taken: so it has been accepted.
  await door.send(upgradeRequest('/v'));
  let isClosed = false;
  const closed = door.reader?.close().then(() => {
    isClosed = true;
  });
  await once(silent, 'close');
  const [first, second] = door.taken;
  first?.destroy();
  await once(door.clients[0] as Socket, 'close');
  assert.equal(isClosed, false, 'there is one more');
  assert.equal(first?.destroyed, true);
  const stream = second?.toStream() as Socket;
  assert.equal(second?.destroyed, true, 'the stream has its handle');
  refuse(stream, new Refusal(403));
  await closed;
  assert.equal(stream.destroyed, true);
});

test('whoever is refused may be gone', async (t) => {
  const door = await Door.open(t);
  await door.send(upgradeRequest('/v'));
  const [client] = door.clients;
  client?.resetAndDestroy();
  await once(client as Socket, 'close');
  const stream = door.taken[0]?.toStream() as Socket;
  const closed = new Promise((resolve) => stream.on('close', resolve));
  refuse(stream, new Refusal(403));
  await closed;
});

test('whoever is refused is told', async (t) => {
  const door = await Door.open(t);
  const client = door.connect();
  client.setEncoding('utf8');
  client.write(upgradeRequest('/v'));
  let answer = '';
  client.on('data', (text) => {
    answer += text;
  });
  while (door.taken.length === 0) await new Promise(setImmediate);
  refuse(door.taken[0]?.toStream() as Socket, new Refusal(403, 'not you'));
  await once(client, 'close');
  assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\nnot you$/);
});
