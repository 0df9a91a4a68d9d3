import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { WebSocket as WebSocketOfWs, WebSocketServer } from 'ws';
import type {
  Disconnection,
  Message,
  WebSocketConstructor,
  Ws,
  WsOptions,
} from '../../../src/client/index.ts';
import { connect, connected, open, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const KNOWN: WsOptions = { codec: 'text', idleTimeoutMs: 5 };

test('asks a server that says nothing whether it is there, and gives it up', async () => {
  await using server = await WireServer.start();
  const reconnect = { minDelayMs: 1, maxDelayMs: 20 };
  const { ws, peer } = await connect(server, { ...KNOWN, probeTimeoutMs: 5, reconnect });
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  assert.equal(await peer.next(), `${P}fanring:ping;0?1;`);
  assert.deepEqual(await ended, { code: 4000, reason: 'no answer', willReconnect: true });
  assert.deepEqual(await peer.closed, { code: 4000, reason: 'no answer' });
  await server.accept();
  await closed(ws);
});

test('stays as long as the server answers, be it that it has no handler', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, KNOWN);
  for (let ask = 1; ask <= 3; ask++) {
    assert.equal(await peer.next(), `${P}fanring:ping;0?${ask};`);
    peer.send(`${P};0~${ask};no handler`);
  }
  assert.equal(ws.state, 'connected');
  await closed(ws);
});

test('stays where anything else comes in place of the answer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { ws, socket } = openFake({ idleTimeoutMs: 100, probeTimeoutMs: 50 });
  t.mock.timers.tick(100);
  assert.deepEqual(socket.sent, [`${P}fanring:ping;0?1;`]);
  t.mock.timers.tick(49);
  socket.receive('native');
  t.mock.timers.tick(1);
  await nextTurn();
  assert.equal(ws.state, 'connected');
  ws.close();
});

test('stays where its own bytes go, however slowly, and asks behind any number of them', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { ws, socket } = openFake({ idleTimeoutMs: 100, probeTimeoutMs: 50 });
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  socket.bufferedAmount = 2 ** 30;
  t.mock.timers.tick(100);
  assert.deepEqual(socket.sent, [`${P}fanring:ping;0?1;`]);
  socket.bufferedAmount -= 1;
  t.mock.timers.tick(50);
  await nextTurn();
  assert.equal(ws.state, 'connected');
  t.mock.timers.tick(50);
  assert.deepEqual(socket.sent.length, 2, 'none has gone since');
  t.mock.timers.tick(50);
  assert.equal((await ended).code, 4000);
  ws.close();
});

test('asks once more where it has stood still itself, and then no more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let now = 0;
  t.mock.method(Date, 'now', () => now);
  const { ws, socket } = openFake({ idleTimeoutMs: 1000, probeTimeoutMs: 50 });
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  t.mock.timers.tick(1000);
  for (const asked of [1, 2]) {
    assert.equal(ws.state, 'connected');
    assert.equal(socket.sent.at(-1), `${P}fanring:ping;0?${asked};`);
    now += 60_000;
    t.mock.timers.tick(50);
    await nextTurn();
  }
  assert.equal((await ended).code, 4000);
  ws.close();
});

for (const [whose, WebSocket] of [
  ['of Node', globalThis.WebSocket],
  ['of ws', WebSocketOfWs],
] as const) {
  test(`stays while a long message trickles in: the WebSocket ${whose}`, async () => {
    const server = new WebSocketServer({ port: 0, host: 'localhost' });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const options = { codec: 'text', WebSocket: WebSocket as WebSocketConstructor } as const;
    const times = { idleTimeoutMs: 40, probeTimeoutMs: 40, reconnect: false } as const;
    const ws = open({ host: `localhost:${port}` }, null, { ...options, ...times });
    const [other, request] = (await once(server, 'connection')) as [EventEmitter, IncomingMessage];
    const ended = once(other, 'close'); // with it ends a timer of ws, which a fake could not clear
    const ends: Disconnection[] = [];
    ws.onDisconnect((end) => ends.push(end));
    const whole = told<Message>((fn) => ws.onMessage(fn));
    request.socket.write(Buffer.of(0x81, 20));
    for (let bytes = 0; bytes < 20; bytes++) {
      request.socket.write('x');
      await sleep(10); // time is what it is about: in all, more than both times
    }
    assert.equal(await whole, 'x'.repeat(20));
    assert.deepEqual(ends, []);
    await closed(ws);
    await ended;
    server.close();
  });
}

test('asks a minute after the last message, gives up ten seconds later', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { ws, socket } = openFake({ reconnect: false });
  const ended = told<Disconnection>((fn) => ws.onDisconnect(fn));
  socket.receive('native');
  t.mock.timers.tick(60_000);
  assert.deepEqual(socket.sent, []);
  t.mock.timers.tick(60_000);
  assert.deepEqual(socket.sent, [`${P}fanring:ping;0?1;`]);
  t.mock.timers.tick(9_999);
  assert.equal(ws.state, 'connected');
  t.mock.timers.tick(1);
  assert.equal((await ended).code, 4000);
  assert.equal(socket.readyState, 2);
  const ghosts: unknown[] = [];
  ws.onMessage((message) => ghosts.push(message));
  socket.receive('late');
  assert.deepEqual(ghosts, [], 'what comes from there now is not heard');
});

test('asks only a server that is known to answer', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: false, idleTimeoutMs: 1000 });
  await connected(ws);
  t.mock.timers.tick(5000);
  const answer = ws.emitWithAck('first');
  assert.equal(await peer.next(), `${P}first;0?1;`);
  peer.send(`${P};0!1;`);
  await answer;
  t.mock.timers.tick(2000);
  assert.equal(await peer.next(), `${P}fanring:ping;0?2;`);
});

for (const message of [`${P}e;0?1;x`, `${P};0+1;`, `${P};0~99;late`]) {
  test(`takes ${message} for a sign that the server answers`, (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    const { ws, socket } = openFake({}, '');
    socket.receive(message);
    t.mock.timers.tick(120_000);
    assert.equal(socket.sent.at(-1), `${P}fanring:ping;0?1;`);
    ws.close();
  });
}

test('never asks where idleTimeoutMs is 0', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { ws, socket } = openFake({ idleTimeoutMs: 0 });
  t.mock.timers.tick(2 ** 30);
  assert.deepEqual(socket.sent, []);
  ws.close();
});

test('asks no more when the connection has ended, or ends', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { ws, socket } = openFake({ idleTimeoutMs: 100, probeTimeoutMs: 50_000 });
  t.mock.timers.tick(100);
  assert.equal(socket.sent.length, 1);
  socket.beginClosing();
  t.mock.timers.tick(100);
  socket.end(1006);
  t.mock.timers.tick(1000);
  const next = FakeWebSocket.last;
  next.protocol = 'fanring.text.v1';
  next.open();
  assert.deepEqual(next.sent, [], 'no question had waited for it');
  t.mock.timers.tick(100);
  assert.equal(next.sent.length, 1, 'the first connection had its own watch, which is over');
  ws.close();
  t.mock.timers.tick(4000);
  next.end(1006);
  next.readyState = 1;
  t.mock.timers.tick(60_000);
  assert.equal(next.sent.length, 1);
});

test('has to learn anew of each connection whether the server answers', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { ws, socket } = openFake({ idleTimeoutMs: 100 });
  socket.end(1006);
  t.mock.timers.tick(1000);
  const next = FakeWebSocket.last;
  assert.notEqual(next, socket);
  next.open();
  t.mock.timers.tick(1000);
  assert.deepEqual(next.sent, []);
  ws.close();
});

/** Before the next test has other timers: ours would not be cleared by them. */
async function closed(ws: Pick<Ws, 'close' | 'onDisconnect'>): Promise<void> {
  const ended = told((fn) => ws.onDisconnect(fn));
  ws.close();
  await ended;
}

/** A client that is connected to nobody but the test. */
function openFake(options: WsOptions, protocol = 'fanring.text.v1') {
  const all = { WebSocket: FakeWebSocket, acks: false, ...options };
  const ws = open({ host: 'host' }, null, all);
  const socket = FakeWebSocket.last;
  socket.protocol = protocol;
  socket.open();
  return { ws, socket };
}
