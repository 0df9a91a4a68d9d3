import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError, MAX_WAITING_MESSAGES, Ws } from '../../src/client/index.ts';
import { WireServer } from './wire-server.ts';

const P = 'iris-websocket-message:';
const bytes = (text: string) => new TextEncoder().encode(text);

async function connect(server: WireServer) {
  const ws = new Ws(`ws://${server.host}/chat`);
  const peer = await server.accept();
  return { ws, peer };
}

/** The next argument of a listener. */
function told<Argument>(listen: (fn: (argument: Argument) => void) => void): Promise<Argument> {
  return new Promise((resolve) => listen(resolve));
}

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
  const ws = new Ws(`ws://${server.host}/chat`);
  assert.throws(() => ws.emit('a;b'), { code: 'ERR_EVENT_NAME' });
  assert.throws(() => ws.emit('a', 1n), { code: 'ERR_PAYLOAD' });
  await server.accept();
});

test('has every method under its iris name too', async () => {
  await using server = await WireServer.start();
  const { ws } = await connect(server);
  const names = Object.getOwnPropertyNames(Ws.prototype).filter((name) => name !== 'constructor');
  const methods = ws as unknown as Record<string, unknown>;
  for (const name of names) {
    assert.equal(methods[name[0]?.toUpperCase() + name.slice(1)], methods[name], name);
  }
  assert.ok(names.length >= 8);
});

test('sends what was emitted before it opened first, in order, then what onConnect emits', async () => {
  await using server = await WireServer.start();
  const ws = new Ws(`ws://${server.host}/chat`);
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

test('throws where too many messages wait for the connection, and sends the others', async () => {
  await using server = await WireServer.start();
  const ws = new Ws(`ws://${server.host}/chat`);
  for (let i = 0; i < MAX_WAITING_MESSAGES; i++) ws.emitMessage(`${i}`);
  assert.throws(() => ws.emitMessage('one more'), { code: 'ERR_OUTBOX_FULL', message: /1000/ });
  const peer = await server.accept();
  for (let i = 0; i < MAX_WAITING_MESSAGES; i++) assert.equal(await peer.next(), `${i}`);
  ws.emitMessage('open');
  assert.equal(await peer.next(), 'open');
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
    const ws = new Ws(new URL(`ws://${server.host}/chat`), protocols && [protocols].flat());
    const connected = told<unknown>((fn) => ws.onConnect(() => fn(undefined)));
    const { request } = await server.accept();
    assert.equal(request.headers['sec-websocket-protocol']?.replaceAll(/,\s*/g, ', '), header);
    await connected;
  }
});

test('closes with a code and a reason, tells why it ended, and sends nothing more', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const ended = told<{ code: number; reason: string }>((fn) => ws.onDisconnect(fn));
  await told<unknown>((fn) => ws.onConnect(() => fn(undefined)));
  ws.disconnect(4001, 'done');
  assert.deepEqual(await peer.closed, { code: 4001, reason: 'done' });
  const { code, reason } = await ended;
  assert.deepEqual({ code, reason }, { code: 4001, reason: 'done' });
  ws.emit('late');
  assert.equal(await peer.next(), undefined);
});

test('tells why the server closed the connection', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  const ended = told<{ code: number; reason: string }>((fn) => ws.onDisconnect(fn));
  peer.close(1013, 'slow');
  const { code, reason } = await ended;
  assert.deepEqual({ code, reason }, { code: 1013, reason: 'slow' });
});

test('tells onDisconnect where it cannot connect, whatever was waiting', async () => {
  const server = await WireServer.start();
  const ws = new Ws(`ws://${server.host}/chat`);
  await server[Symbol.asyncDispose]();
  ws.emit('lost');
  const ended = await told<{ code: number }>((fn) => ws.onDisconnect(fn));
  assert.equal(ended.code, 1006);
});

test('speaks the prefix it was given', async () => {
  await using server = await WireServer.start();
  const ws = new Ws(`ws://${server.host}/chat`, [], { eventPrefix: 'p:' });
  const peer = await server.accept();
  ws.emit('e', 1);
  assert.equal(await peer.next(), 'p:e;1;1');
  const payload = told((fn) => ws.on('e', fn));
  peer.send('p:e;1;2');
  assert.equal(await payload, 2);
});

test('takes a host without a scheme', async () => {
  await using server = await WireServer.start();
  const ws = new Ws(`${server.host}/my_endpoint`);
  const connected = told<unknown>((fn) => ws.onConnect(() => fn(undefined)));
  assert.equal((await server.accept()).request.url, '/my_endpoint');
  await connected;
});
