import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket as WebSocketOfWs } from 'ws';
import { EngineError, Ws } from '../../../src/client/index.ts';
import { connect, connected, open, told } from '../connect.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const ONCE = { acks: false, reconnect: false } as const;
const bytes = (text: string) => new TextEncoder().encode(text);

test('tells each event to its own listeners, its payload decoded by type', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const seen: unknown[] = [];
  for (const event of ['s', 'n', 'b', 'raw', 'json']) {
    ws.on(event, (payload) => seen.push([event, payload]));
  }
  const end = told((fn) => ws.on('end', fn));
  peer.send(`${P}s;0;42`);
  peer.send(`${P}n;1;42`);
  peer.send(`${P}b;2;true`);
  peer.send(bytes(`${P}raw;3;abc`));
  peer.send(`${P}json;4;{"a":[1]}`);
  peer.send(`${P}nobody;0;`);
  peer.send(`${P}end;0;`);
  await end;
  const json = ['json', { a: [1] }];
  assert.deepEqual(seen, [['s', '42'], ['n', 42], ['b', true], ['raw', bytes('abc')], json]);
});

test('tells native messages: a string or bytes', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const seen: unknown[] = [];
  const both = new Promise<void>((resolve) => {
    ws.onMessage((message) => seen.push(message) === 2 && resolve());
  });
  peer.send('hello');
  peer.send(bytes('abc'));
  await both;
  assert.deepEqual(seen, ['hello', bytes('abc')]);
});

test('sends events and native messages', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  ws.emit('ready');
  ws.emit('chat', 'hello');
  ws.emit('user', { name: 'Ada' });
  ws.emit('raw', bytes('abc'));
  ws.emitMessage('native');
  ws.emitMessage(bytes('xyz'));
  assert.equal(await peer.next(), `${P}ready;0;`);
  assert.equal(await peer.next(), `${P}chat;0;hello`);
  assert.equal(await peer.next(), `${P}user;4;{"name":"Ada"}`);
  assert.deepEqual(await peer.next(), Buffer.from(`${P}raw;3;abc`));
  assert.equal(await peer.next(), 'native');
  assert.deepEqual(await peer.next(), Buffer.from('xyz'));
});

test('refuses an event that cannot be encoded, open or not', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, ONCE);
  assert.throws(() => ws.emit('a;b'), { code: 'ERR_EVENT_NAME' });
  assert.throws(() => ws.emit('a', 1n), { code: 'ERR_PAYLOAD' });
  await server.accept();
});

test('has the methods of the iris client under their iris names too', async () => {
  await using server = await WireServer.start();
  const { ws } = await connect(server);
  assert.equal(ws.OnConnect, ws.onConnect);
  assert.equal(ws.OnMessage, ws.onMessage);
  assert.equal(ws.OnError, ws.onError);
  assert.equal(ws.On, ws.on);
  assert.equal(ws.Emit, ws.emit);
  assert.equal(ws.EmitMessage, ws.emitMessage);
  assert.equal(ws.Disconnect, ws.close);
  assert.equal(ws.disconnect, ws.close);
});

test('tells OnDisconnect what it tells onDisconnect', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const ends = Promise.all([
    told<unknown>((fn) => ws.OnDisconnect(fn)),
    told<unknown>((fn) => ws.onDisconnect(fn)),
  ]);
  peer.close(1001, 'bye');
  const end = { code: 1001, reason: 'bye', willReconnect: false };
  assert.deepEqual(await ends, [end, end]);
});

test('sends what was emitted before it opened first, in order, then what onConnect emits', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, ONCE);
  ws.onConnect(() => ws.emit('n', 3));
  ws.emit('n', 1);
  const reused = bytes('abc');
  ws.emitMessage(reused);
  reused.fill(0);
  ws.emit('n', 2);
  const peer = await server.accept();
  assert.equal(await peer.next(), `${P}n;1;1`);
  assert.deepEqual(await peer.next(), Buffer.from('abc'));
  assert.equal(await peer.next(), `${P}n;1;2`);
  assert.equal(await peer.next(), `${P}n;1;3`);
});

test('calls all listeners in their order, but not one that is added meanwhile', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const seen: string[] = [];
  ws.on('e', () => {
    seen.push('first');
    if (seen.length === 1) ws.on('e', () => seen.push('late'));
  });
  ws.on('e', () => seen.push('second'));
  const end = told((fn) => ws.on('end', fn));
  for (const event of ['e', 'e', 'end']) peer.send(`${P}${event};0;`);
  await end;
  assert.deepEqual(seen, ['first', 'second', 'first', 'second', 'late']);
});

test('reports a listener that throws and goes on', async (t) => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const reported = t.mock.method(console, 'error', () => {});
  const warned = t.mock.method(console, 'warn', () => {});
  const problem = new Error('of the page');
  ws.on('e', () => {
    throw problem;
  });
  const second = told((fn) => ws.on('e', fn));
  peer.send(`${P}e;0;x`);
  assert.equal(await second, 'x');
  assert.deepEqual(reported.mock.calls[0]?.arguments, [problem]);
  assert.equal(warned.mock.callCount(), 0);
});

test('reports a listener as an uncaught error of the page where it can', async (t) => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const reported = new Promise((resolve) => {
    Object.assign(globalThis, { reportError: resolve });
  });
  t.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  const problem = new Error('of the page');
  ws.onMessage(() => {
    throw problem;
  });
  peer.send('x');
  assert.equal(await reported, problem);
});

test('tells onError of a malformed event, and stays connected', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const error = told<unknown>((fn) => ws.onError(fn));
  const next = told((fn) => ws.on('e', fn));
  peer.send(`${P}broken`);
  peer.send(`${P}e;0;x`);
  assert.ok((await error) instanceof EngineError);
  assert.equal(((await error) as EngineError).code, 'ERR_MALFORMED_EVENT');
  assert.equal(await next, 'x');
});

test('tells the console of a malformed event where nobody listens', async (t) => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const warned = t.mock.method(console, 'warn', () => {});
  const next = told((fn) => ws.on('e', fn));
  peer.send(`${P}broken`);
  peer.send(`${P}e;0;x`);
  assert.equal(await next, 'x');
  assert.equal(warned.mock.calls[0]?.arguments[0].code, 'ERR_MALFORMED_EVENT');
});

test('offers the subprotocols it was given', async () => {
  await using server = await WireServer.start();
  for (const [protocols, header] of [
    [['a', 'b'], 'a, b'],
    ['c', 'c'],
    [null, undefined],
    [undefined, undefined],
  ] as const) {
    const url = new URL(`ws://${server.host}/chat`);
    const ws = new Ws(url, protocols && [protocols].flat(), ONCE);
    const { request } = await server.accept();
    assert.equal(request.headers['sec-websocket-protocol']?.replaceAll(/,\s*/g, ', '), header);
    await connected(ws);
  }
});

test('closes with a code and a reason, tells why it ended, and sends nothing more', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const ended = told<unknown>((fn) => ws.onDisconnect(fn));
  await connected(ws);
  ws.disconnect(4001, 'done');
  assert.deepEqual(await peer.closed, { code: 4001, reason: 'done' });
  assert.deepEqual(await ended, { code: 4001, reason: 'done', willReconnect: false });
  ws.emit('late');
  assert.equal(await peer.next(), undefined);
});

test('tells why the server closed the connection', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const ended = told<unknown>((fn) => ws.onDisconnect(fn));
  peer.close(1013, 'slow');
  assert.deepEqual(await ended, { code: 1013, reason: 'slow', willReconnect: false });
});

test('tells onDisconnect where it cannot connect, whatever was waiting', async () => {
  const server = await WireServer.start();
  const ws = open(server, null, ONCE);
  await server[Symbol.asyncDispose]();
  ws.emit('lost');
  const ended = await told<{ code: number }>((fn) => ws.onDisconnect(fn));
  assert.equal(ended.code, 1006);
});

test('speaks the prefix it was given', async () => {
  await using server = await WireServer.start();
  const ws = open(server, [], { ...ONCE, eventPrefix: 'p:' });
  const peer = await server.accept();
  ws.emit('e', 1);
  assert.equal(await peer.next(), 'p:e;1;1');
  const payload = told((fn) => ws.on('e', fn));
  peer.send('p:e;1;2');
  assert.equal(await payload, 2);
});

test('takes a host without a scheme', async () => {
  await using server = await WireServer.start();
  const ws = new Ws(`${server.host}/my_endpoint`, null, ONCE);
  assert.equal((await server.accept()).request.url, '/my_endpoint');
  await connected(ws);
});

test('says what it does', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, ONCE);
  assert.equal(ws.state, 'connecting');
  await connected(ws);
  assert.equal(ws.state, 'connected');
  const ended = told<unknown>((fn) => ws.onDisconnect(fn));
  ws.close();
  assert.equal(ws.state, 'closed');
  assert.deepEqual(await ended, { code: 1005, reason: '', willReconnect: false });
  ws.close(); // of no effect
});

test('refuses a URL that is none at once, in every codec', () => {
  assert.throws(() => new Ws('ws://'), TypeError);
  assert.throws(() => new Ws('ws://', null, { codec: 'msgpack' }), TypeError);
});

test('takes the WebSocket that it is given', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { WebSocket: WebSocketOfWs });
  const heard = told<unknown>((fn) => ws.on('e', fn));
  const native = told<unknown>((fn) => ws.onMessage(fn));
  const ended = told<unknown>((fn) => ws.onDisconnect(fn));
  ws.emit('e', 'x');
  assert.equal(await peer.next(), `${P}e;0;x`);
  peer.send(`${P}e;0;y`);
  assert.equal(await heard, 'y');
  peer.send(bytes('abc'));
  assert.deepEqual(await native, bytes('abc'));
  peer.close(1013, 'slow');
  assert.deepEqual(await ended, { code: 1013, reason: 'slow', willReconnect: false });
});

test('lives on when the WebSocket of ws cannot connect, which is an error event there', async () => {
  const server = await WireServer.start();
  await server[Symbol.asyncDispose]();
  const options = { ...ONCE, WebSocket: WebSocketOfWs };
  const ws = open(server, null, options);
  const { code } = await told<{ code: number }>((fn) => ws.onDisconnect(fn));
  assert.equal(code, 1006);
});
