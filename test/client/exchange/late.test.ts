import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FirstEmitter, type ReconnectOptions, Ws } from '../../../src/client/index.ts';
import { connect, connected, open, Told, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const SOON: ReconnectOptions = { minDelayMs: 1, maxDelayMs: 20 };

test('calls a listener for connections that comes late at once, and for each further one', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server, { reconnect: SOON });
  await connected(ws);
  let calls = 0;
  const again = Promise.withResolvers<void>();
  ws.onConnect(() => ++calls === 2 && again.resolve());
  assert.equal(calls, 1);
  peer.terminate();
  await again.promise;
  assert.equal(calls, 2);
  ws.close();
  ws.onConnect(() => ++calls);
  assert.equal(calls, 2, 'one that has ended for good has none');
});

test('calls a listener that another adds once', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { acks: false, reconnect: false });
  const calls: string[] = [];
  ws.onConnect(() => {
    calls.push('outer');
    ws.onConnect(() => calls.push('inner'));
    calls.push('behind');
  });
  await told<void>((fn) => ws.onConnect(() => fn()));
  assert.deepEqual(calls, ['outer', 'inner', 'behind']);
});

test('lets a listener that comes while first words are said wait for their end', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { acks: false, reconnect: false });
  const greeting = Promise.withResolvers<void>();
  const begun = told<FirstEmitter<Record<string, unknown>>>((fn) =>
    ws.onConnect((first) => {
      fn(first);
      return greeting.promise;
    }),
  );
  await begun;
  let calls = 0;
  const called = told<void>((fn) => ws.onConnect(() => fn(void ++calls)));
  assert.equal(calls, 0);
  greeting.resolve();
  await called;
  assert.equal(calls, 1);
});

test('lets first words that come late hold all others up, and tells no listener anew', async () => {
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  await connected(ws);
  let calls = 0;
  ws.onConnect(() => ++calls);
  ws.onConnect(async (first) => {
    await first.emitWithAck('login', 'token');
    first.emit('behind');
  });
  ws.emit('waits');
  ws.onConnect((first) => first.emit('another')); // its end is not that of the login
  assert.equal(await peer.next(), `${P}login;0?1;token`);
  assert.equal(await peer.next(), `${P}another;0;`);
  ws.emit('waits', 'too');
  peer.send(`${P};0!1;`);
  assert.equal(await peer.next(), `${P}behind;0;`);
  assert.equal(await peer.next(), `${P}waits;0;`);
  assert.equal(await peer.next(), `${P}waits;0;too`);
  ws.emit('then');
  assert.equal(await peer.next(), `${P}then;0;`);
  assert.equal(calls, 1);
});

test('gives a connection up where first words that come late fail', async (t) => {
  t.mock.method(console, 'error', () => {});
  await using server = await WireServer.start();
  const { ws, peer } = await connect(server);
  await connected(ws);
  const ends = new Told<{ code: number }>((fn) => ws.onDisconnect(fn));
  ws.onConnect(async (first) => {
    await first.emitWithAck('login');
  });
  await peer.next();
  peer.send(`${P};0~1;the handler failed`);
  assert.equal((await ends.next()).code, 4000);
});

test('shows its latest WebSocket, and whether that is open', () => {
  const ws = new Ws('ws://host/chat', null, { WebSocket: FakeWebSocket, reconnect: false });
  const socket = FakeWebSocket.last;
  assert.equal(ws.conn, socket);
  assert.equal(ws.isReady, false);
  socket.open();
  assert.equal(ws.isReady, true);
  socket.end(1000);
  assert.equal(ws.isReady, false);
  assert.equal(ws.conn, socket);
});
