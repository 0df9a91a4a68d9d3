import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Disconnection,
  type EngineError,
  type Protocols,
  type ReconnectAttempt,
  type Url,
  Ws,
  type WsOptions,
} from '../../../src/client/index.ts';
import { closeLater, Told, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';
import { WireServer } from '../wire-server.ts';

const SOON = { minDelayMs: 1, maxDelayMs: 5 };
const OFFERED = 'sec-websocket-protocol';

const open = (url: Url, protocols?: Protocols, options: WsOptions = {}) =>
  closeLater(new Ws(url, protocols, { acks: false, reconnect: SOON, ...options }));

/** The errors and the failed attempts that a client tells of. */
function failuresOf(ws: Ws) {
  return {
    errors: new Told<EngineError>((fn) => ws.onError((error) => fn(error as EngineError))),
    attempts: new Told<ReconnectAttempt>((fn) => ws.onReconnecting(fn)),
  };
}

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('calls url and protocols for each attempt', async () => {
  await using server = await WireServer.start();
  let attempt = 0;
  const url = () => `ws://${server.host}/chat?attempt=${++attempt}`;
  const ws = open(url, async () => `attempt-${attempt}`);
  for (const n of [1, 2, 3]) {
    const peer = await server.accept();
    assert.equal(peer.request.url, `/chat?attempt=${n}`);
    assert.equal(peer.request.headers[OFFERED], `attempt-${n}`);
    peer.terminate();
  }
  ws.close();
});

test('takes from a function all that it takes itself', async () => {
  await using server = await WireServer.start();
  const url = new URL(`http://${server.host}/url`);
  for (const [given, protocols, path, offered] of [
    [async () => url, () => null, '/url', undefined],
    [() => `${server.host}/host`, () => ['a', 'b'], '/host', 'a, b'],
    [`${server.host}/fixed`, async () => undefined, '/fixed', undefined],
    [() => url.href, 'c', '/url', 'c'],
  ] as [Url, Protocols, string, string | undefined][]) {
    const ws = open(given, protocols);
    const { request } = await server.accept();
    assert.deepEqual([request.url, request.headers[OFFERED]], [path, offered]);
    ws.close();
  }
});

test('opens at once where there is nothing to call', () => {
  const before = FakeWebSocket.last;
  const ws = open('ws://host/', ['a'], { WebSocket: FakeWebSocket });
  assert.notEqual(FakeWebSocket.last, before);
  ws.close();
});

for (const [name, fail] of [
  ['throws', () => assert.fail('no place')],
  ['rejects', async () => assert.fail('no place')],
] as const) {
  for (const which of ['url', 'protocols', 'auth'] as const) {
    test(`an attempt whose ${which} ${name} has failed, and another one follows`, async () => {
      await using server = await WireServer.start();
      let hasFailed = false;
      const fails = <Value>(value: Value) => {
        if (hasFailed) return () => value;
        return () => {
          if (hasFailed) return value;
          hasFailed = true;
          return fail();
        };
      };
      const place = `ws://${server.host}/`;
      const ws = open(
        which === 'url' ? fails(place) : place,
        which === 'protocols' ? fails('p') : 'p',
        which === 'auth' ? { auth: fails('token') } : {},
      );
      const ends = new Told<Disconnection>((fn) => ws.onDisconnect(fn));
      const { errors, attempts } = failuresOf(ws);
      const error = await errors.next();
      assert.deepEqual([error.code, error.message], ['ERR_ATTEMPT', `${which} threw`]);
      assert.equal((error.cause as Error).message, 'no place');
      const reason = { code: 1006, reason: `${which} threw` };
      assert.deepEqual(await ends.next(), { ...reason, willReconnect: true });
      const { attempt, reason: why } = await attempts.next();
      assert.deepEqual([attempt, why], [1, reason]);
      await server.accept();
      ws.close();
    });
  }
}

for (const [name, url, protocols, auth] of [
  ['url', () => 3, null, undefined],
  ['url', () => undefined, null, undefined],
  ['url', () => 'ws://', null, undefined],
  ['protocols', 'ws://host/', () => [3], undefined],
  ['auth', 'ws://host/', null, () => 3],
  ['auth', 'ws://host/', null, async () => ({ secret: 1 })],
] as [string, Url, Protocols, WsOptions['auth']][]) {
  test(`a ${name} that gives what it should not fails the attempt: ${auth ?? url}`, async () => {
    const ws = open(url, protocols, { auth, WebSocket: FakeWebSocket, reconnect: false });
    const end = told<Disconnection>((fn) => ws.onDisconnect(fn));
    const { errors } = failuresOf(ws);
    const message = `${name} gave a value that cannot be used`;
    const error = await errors.next();
    assert.deepEqual([error.code, error.message], ['ERR_ATTEMPT', message]);
    assert.deepEqual(await end, { code: 1006, reason: message, willReconnect: false });
    assert.equal(ws.state, 'closed');
  });
}

test('what no WebSocket takes fails the attempt, and rejects nowhere', async () => {
  await using server = await WireServer.start();
  const ws = open(`ws://${server.host}/`, () => ['not a token']);
  const { attempts } = failuresOf(ws);
  assert.equal((await attempts.next()).reason.code, 1006);
  assert.equal((await attempts.next()).attempt, 2);
  ws.close();
});

test('tells the console where nobody listens for errors, without filling it', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const ws = open(() => assert.fail(), null);
  await told<ReconnectAttempt>((fn) => ws.onReconnecting((one) => one.attempt === 3 && fn(one)));
  assert.ok(warn.mock.callCount() <= 2, 'not for each attempt');
  const [call] = warn.mock.calls;
  assert.equal((call?.arguments[0] as EngineError | undefined)?.code, 'ERR_ATTEMPT');
  ws.close();
});

for (const outcome of ['resolve', 'reject'] as const) {
  test(`a close while a function is at work makes its result moot: ${outcome}`, async () => {
    const before = FakeWebSocket.last;
    const timers = countTimers();
    const url = Promise.withResolvers<string>();
    const ws = open(() => url.promise, null, { WebSocket: FakeWebSocket });
    let errors = 0;
    ws.onError(() => ++errors);
    const end = told<Disconnection>((fn) => ws.onDisconnect(fn));
    ws.close(3000, 'moot');
    assert.deepEqual(await end, { code: 3000, reason: 'moot', willReconnect: false });
    assert.equal(countTimers(), timers, 'nothing keeps the process alive');
    url[outcome]('ws://host/');
    await nextTurn();
    assert.equal(ws.state, 'closed');
    assert.equal(FakeWebSocket.last, before);
    assert.equal(ws.conn, undefined);
    assert.equal(errors, 0);
  });
}

test('a function may take as long as an attempt may', async () => {
  await using server = await WireServer.start();
  const late: PromiseWithResolvers<string>[] = [];
  const url = () => {
    if (late.length === 1) return `ws://${server.host}/second`;
    late.push(Promise.withResolvers());
    return late[0]?.promise ?? '';
  };
  const ws = open(url, null, { connectTimeoutMs: 30 });
  const { errors, attempts } = failuresOf(ws);
  const message = 'url, protocols and auth took longer than connectTimeoutMs (30)';
  assert.equal((await errors.next()).message, message);
  assert.deepEqual((await attempts.next()).reason, { code: 1006, reason: message });
  const peer = await server.accept();
  late[0]?.resolve(`ws://${server.host}/first`);
  await nextTurn();
  assert.equal(peer.request.url, '/second');
  ws.close();
  assert.equal(await peer.next(), undefined);
});

test('refuses at once what can be seen to be wrong', () => {
  const refused = { code: 'ERR_OPTION' };
  const WebSocket = FakeWebSocket;
  assert.throws(() => new Ws('ws://', () => null, { WebSocket }), TypeError);
  assert.throws(() => new Ws(() => '', [3] as never, { WebSocket }), refused);
  assert.throws(() => new Ws('ws://h/', null, { WebSocket, auth: 'token' as never }), {
    ...refused,
    message: /^auth: .* is not a function/,
  });
});
