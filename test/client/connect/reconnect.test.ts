import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type {
  Disconnection,
  ReconnectAttempt,
  ReconnectOptions,
} from '../../../src/client/index.ts';
import { restartPort } from '../../end-to-end/fixtures/restart-port.ts';
import { connect, connected, open, Told, told } from '../connect.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const SOON: ReconnectOptions = { minDelayMs: 1, maxDelayMs: 20 };
const NEVER: ReconnectOptions = { minDelayMs: 2 ** 30, maxDelayMs: 2 ** 30 };

test('connects anew when the connection breaks, and tells each step', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  await connected(ws);
  const seen: unknown[] = [];
  ws.onDisconnect((end) => seen.push(end, ws.state));
  ws.onReconnecting(({ attempt, delayMs, reason }) => {
    seen.push(attempt, delayMs >= 1 && delayMs <= 2, reason, ws.state);
    ws.onConnect(() => again.resolve(seen.push(ws.state)));
  });
  const again = Promise.withResolvers<unknown>();
  peer.close(1012, 'restart');
  const next = await server.accept();
  await again.promise;
  const reason = { code: 1012, reason: 'restart' };
  const end = { ...reason, willReconnect: true };
  assert.deepEqual(seen, [end, 'reconnecting', 1, true, reason, 'reconnecting', 'connected']);
  ws.emit('e', 'x');
  assert.equal(await next.next(), `${P}e;0;x`);
  ws.close();
});

test('outlives a restart of its server, and sends what was emitted meanwhile in order', async () => {
  const server = await WireServer.start(await restartPort());
  const { ws, peer } = await connect(server, { reconnect: SOON });
  const disconnections = new Told<Disconnection>((fn) => ws.onDisconnect(fn));
  const attempts = new Told<ReconnectAttempt>((fn) => ws.onReconnecting(fn));
  ws.emit('n', 1);
  assert.equal(await peer.next(), `${P}n;1;1`);

  await server[Symbol.asyncDispose]();
  assert.equal((await disconnections.next()).code, 1006);
  ws.emit('n', 2);
  ws.emitMessage('three');
  while ((await attempts.next()).attempt < 3) ws.emit('failed');
  ws.onConnect(() => ws.emit('n', 'last'));
  await using restarted = await WireServer.start(server.port);
  const again = await restarted.accept();
  assert.equal(await again.next(), `${P}n;1;2`);
  assert.equal(await again.next(), 'three');
  assert.equal(await again.next(), `${P}failed;0;`);
  assert.equal(await again.next(), `${P}failed;0;`);
  assert.equal(await again.next(), `${P}n;0;last`);
  assert.deepEqual(disconnections.unread, [], 'attempts that failed were no disconnections');
  ws.close();
});

test('what had been sent when a connection broke is not sent again', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  await connected(ws);
  peer.terminate();
  ws.emit('maybe lost');
  await told((fn) => ws.onDisconnect(fn));
  ws.emit('later');
  const next = await server.accept();
  assert.equal(await next.next(), `${P}later;0;`);
  ws.close();
});

test('a first connection that cannot be opened is tried again', async () => {
  const closed = await WireServer.start(await restartPort());
  await closed[Symbol.asyncDispose]();
  const ws = open(closed, null, { reconnect: SOON });
  const end = await told<Disconnection>((fn) => ws.onDisconnect(fn));
  assert.deepEqual([end.code, end.willReconnect], [1006, true]);
  await using server = await WireServer.start(closed.port);
  await server.accept();
  ws.close();
});

for (const code of [1001, 1009, 1011, 1012, 1013, 3000, 4000, 4399, 4500]) {
  test(`comes back after ${code}`, async () => {
    await using server = await WireServer.start();
    const { ws, peer } = await connect(server, { reconnect: SOON });
    peer.close(code);
    await server.accept();
    ws.close();
  });
}

for (const code of [1000, 1003, 1008, 4400, 4499]) {
  test(`does not come back after ${code}`, async () => {
    await using server = await WireServer.start();
    const { ws, peer } = await connect(server, { reconnect: SOON });
    const attempts: unknown[] = [];
    ws.onReconnecting((attempt) => attempts.push(attempt));
    const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
    peer.close(code, 'stay away');
    assert.deepEqual(await ended, { code, reason: 'stay away', willReconnect: false });
    assert.equal(ws.state, 'closed');
    ws.emit('nowhere');
    assert.deepEqual(attempts, []);
  });
}

test('shouldReconnect decides in place of the codes', async () => {
  await using server = await WireServer.start();
  const reasons: unknown[] = [];
  const { ws, peer } = await connect(server, {
    reconnect: {
      ...SOON,
      shouldReconnect: (reason) => {
        reasons.push(reason);
        return reason.code === 1008;
      },
    },
  });
  const disconnections = new Told<Disconnection>((fn) => ws.onDisconnect(fn));
  peer.close(1008, 'wait');
  (await server.accept()).close(1012);
  assert.deepEqual(await disconnections.next(), {
    code: 1008,
    reason: 'wait',
    willReconnect: true,
  });
  assert.deepEqual(await disconnections.next(), { code: 1012, reason: '', willReconnect: false });
  assert.deepEqual(reasons, [
    { code: 1008, reason: 'wait' },
    { code: 1012, reason: '' },
  ]);
});

test('counts attempts on over connections that did not last', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  const attempts = new Told<ReconnectAttempt>((fn) => ws.onReconnecting(fn));
  peer.terminate();
  for (const number of [1, 2, 3]) {
    assert.equal((await attempts.next()).attempt, number);
    (await server.accept()).terminate();
  }
  ws.close();
});

test('begins with the short delays again after a connection that lasted', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: { ...SOON, stableMs: 0 } });
  const attempts = new Told<ReconnectAttempt>((fn) => ws.onReconnecting(fn));
  let last = peer;
  for (let i = 0; i < 3; i++) {
    last.close(1012); // the client has opened when it hears of this
    assert.equal((await attempts.next()).attempt, 1);
    last = await server.accept();
  }
  ws.close();
});

test('close ends it for good while it is connected', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  await connected(ws);
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  ws.close(4001, 'done');
  assert.deepEqual(await ended, { code: 4001, reason: 'done', willReconnect: false });
  assert.deepEqual(await peer.closed, { code: 4001, reason: 'done' });
});

test('close ends it for good while it connects', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { reconnect: SOON });
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  ws.close();
  assert.equal((await ended).willReconnect, false);
  assert.equal(ws.state, 'closed');
});

test('close ends it for good while it waits to connect anew, and says so', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: NEVER });
  const disconnections = new Told<Disconnection>((fn) => ws.onDisconnect(fn));
  peer.terminate();
  assert.equal((await disconnections.next()).willReconnect, true);
  ws.close(4001, 'done');
  assert.deepEqual(disconnections.unread, [{ code: 4001, reason: 'done', willReconnect: false }]);
  ws.close();
  assert.equal(disconnections.unread.length, 1);
  assert.equal(ws.state, 'closed');
});

test('close keeps it from coming back where a listener calls it', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  const seen: unknown[] = [];
  ws.onReconnecting(() => seen.push('reconnecting'));
  ws.onDisconnect((end) => {
    seen.push(end.willReconnect);
    ws.close();
  });
  const ended = told<Disconnection>((fn) => ws.onDisconnect((end) => end.willReconnect || fn(end)));
  peer.terminate();
  await ended;
  assert.deepEqual(seen, [true, false]);
});

test('a page that uses OnDisconnect, as pages for iris do, has one connection', async () => {
  await using server = await WireServer.start();
  const ws = open(server);
  const ended = told<Disconnection>((fn) => ws.OnDisconnect(fn));
  (await server.accept()).terminate();
  assert.equal((await ended).willReconnect, false);
});

test('a page that uses OnDisconnect and says how to reconnect has that', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  const ended = told<Disconnection>((fn) => ws.OnDisconnect(fn));
  peer.terminate();
  assert.equal((await ended).willReconnect, true);
  await server.accept();
  ws.close();
});

test('reconnects by default, half a second to a second after the end', async () => {
  await using server = await WireServer.start();
  const ws = open(server);
  const attempt = told<ReconnectAttempt>((fn) => ws.onReconnecting(fn));
  (await server.accept()).terminate();
  const { delayMs } = await attempt;
  assert.ok(delayMs >= 500 && delayMs <= 1000, `${delayMs}`);
  ws.close();
});

for (const event of ['online', 'pageshow']) {
  test(`connects at once on the ${event} event of a browser`, async (t) => {
    const page = new EventTarget();
    Object.assign(globalThis, {
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page),
    });
    t.after(() => {
      Reflect.deleteProperty(globalThis, 'addEventListener');
      Reflect.deleteProperty(globalThis, 'removeEventListener');
    });
    await using server = await WireServer.start();
    const { ws, peer } = await connect(server, { reconnect: NEVER });
    await connected(ws);
    page.dispatchEvent(new Event(event)); // of no effect while it is connected
    assert.equal(ws.state, 'connected');
    const waiting = told<ReconnectAttempt>((fn) => ws.onReconnecting(fn));
    peer.terminate();
    await waiting;
    page.dispatchEvent(new Event(event));
    page.dispatchEvent(new Event(event)); // nor while it connects already
    const next = await server.accept();
    ws.emit('e', 'x');
    assert.equal(await next.next(), `${P}e;0;x`);
    const ended = told((fn) => ws.onDisconnect(fn));
    ws.close();
    await ended;
    assert.deepEqual(getEventListeners(page, event), [], 'it does not listen for ever');
  });
}
