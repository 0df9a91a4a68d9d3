import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { Ws } from '../../../src/client/index.ts';
import { open, told } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';

const P = 'iris-websocket-message:';

/** An open client, and the end of its server. */
function start() {
  const ws = open({ host: 'host' }, null, {
    acks: false,
    reconnect: false,
    WebSocket: FakeWebSocket,
  });
  const socket = FakeWebSocket.last;
  socket.open();
  return { ws, receive: (message: string) => socket.receive(P + message), socket };
}

/** One way to listen, and an event that makes it heard. */
const WAYS: [string, (ws: Ws, fn: () => void, options?: object) => () => void, string][] = [
  ['on', (ws, fn, options) => ws.on('e', fn, options), 'e;0;x'],
  ['On', (ws, fn, options) => ws.On('e', fn, options), 'e;0;x'],
  ['once', (ws, fn, options) => ws.once('e', fn, options), 'e;0;x'],
  ['onAny', (ws, fn, options) => ws.onAny(fn, options), 'e;0;x'],
  ['onUnhandled', (ws, fn, options) => ws.onUnhandled(fn, options), 'e;0;x'],
  ['onError', (ws, fn, options) => ws.onError(fn, options), 'malformed'],
];

for (const [name, listen, message] of WAYS) {
  test(`${name} returns a function that takes the listener away`, () => {
    const { ws, receive } = start();
    ws.onError(() => {});
    let calls = 0;
    const remove = listen(ws, () => ++calls);
    const removeOther = listen(ws, () => ++calls);
    remove();
    remove();
    receive(message);
    assert.equal(calls, 1);
    removeOther();
    receive(message);
    assert.equal(calls, 1);
  });

  test(`${name} listens until a signal is aborted`, () => {
    const { ws, receive } = start();
    ws.onError(() => {});
    const controller = new AbortController();
    let calls = 0;
    const remove = listen(ws, () => ++calls, { signal: controller.signal });
    controller.abort();
    receive(message);
    listen(ws, () => ++calls, { signal: controller.signal });
    receive(message);
    assert.equal(calls, 0);
    remove();
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    assert.throws(() => listen(ws, () => {}, { signal: {} }), { code: 'ERR_OPTION' });
  });
}

test('the listeners of the client can be taken away, too', () => {
  const { ws, socket } = start();
  const calls: string[] = [];
  const removers = [
    ws.onConnect(() => calls.push('connect')), // open already: called at once
    ws.onMessage(() => calls.push('message')),
    ws.onDisconnect(() => calls.push('disconnect')),
    ws.OnDisconnect(() => calls.push('OnDisconnect')),
    ws.onReconnecting(() => calls.push('reconnecting')),
  ];
  socket.receive('native');
  for (const remove of removers) remove();
  socket.receive('native');
  socket.end(1006);
  assert.deepEqual(calls, ['connect', 'message']);
});

test('a listener whose signal is aborted already is not called for the connection', () => {
  const { ws } = start();
  let calls = 0;
  ws.onConnect(() => ++calls, { signal: AbortSignal.abort() });
  assert.equal(calls, 0);
});

test('fifty mounts and unmounts of a component leave one listener', () => {
  const { ws, receive, socket } = start();
  const calls: string[] = [];
  const mount = () => {
    const controller = new AbortController();
    const { signal } = controller;
    const removers = [
      ws.on('e', () => calls.push('on')),
      ws.onAny(() => calls.push('any')),
      ws.onMessage(() => calls.push('message')),
    ];
    ws.on('e', () => calls.push('signal'), { signal });
    ws.onConnect(() => calls.push('connect'), { signal });
    return () => {
      controller.abort();
      for (const remove of removers) remove();
    };
  };
  for (let i = 0; i < 50; i++) mount()();
  mount();
  assert.equal(calls.filter((call) => call === 'connect').length, 51);
  calls.length = 0;
  receive('e;0;x');
  socket.receive('native');
  assert.deepEqual(calls, ['any', 'on', 'signal', 'message']);
});

test('once hears one event alone, and off takes either away', () => {
  const { ws, receive } = start();
  const calls: unknown[] = [];
  const hear = (payload: unknown) => calls.push(payload);
  ws.once('e', hear);
  receive('e;0;first');
  receive('e;0;second');
  assert.deepEqual(calls, ['first']);
  ws.on('e', hear);
  ws.on('e', hear);
  ws.once('e', hear);
  ws.off('e', hear);
  ws.off('nothing', hear);
  receive('e;0;third');
  assert.deepEqual(calls, ['first']);
});

test('onAny hears every event ahead of its listeners, onUnhandled those without one', () => {
  const { ws, receive } = start();
  const calls: unknown[][] = [];
  ws.on('e', (payload) => calls.push(['on', payload]));
  ws.onAny((event, payload) => calls.push(['any', event, payload]));
  ws.onUnhandled((event, payload) => calls.push(['unhandled', event, payload]));
  receive('e;1;1');
  receive('other;1;2');
  assert.deepEqual(calls, [
    ['any', 'e', 1],
    ['on', 1],
    ['any', 'other', 2],
    ['unhandled', 'other', 2],
  ]);
});

test('asks of the server are heard as well, and those of the library are not', async () => {
  const { ws, receive, socket } = start();
  const calls: unknown[][] = [];
  ws.onAny((...heard: unknown[]) => calls.push(heard));
  ws.onUnhandled((...heard) => calls.push(['unhandled', ...heard]));
  receive('ask;1?1;1');
  receive('fanring:token;0?2;');
  await told<void>((fn) => setImmediate(fn));
  assert.deepEqual(calls, [
    ['ask', 1],
    ['unhandled', 'ask', 1],
  ]);
  assert.deepEqual(socket.sent, [`${P};0~1;no handler`, `${P};0~2;no handler`]);
});

test('refuses a listener that is none, and names that nobody may use', () => {
  const { ws } = start();
  const none = { code: 'ERR_OPTION', message: 'a listener: 3 is not a function' };
  assert.throws(() => ws.once('e', 3 as never), none);
  assert.throws(() => ws.onAny(3 as never), none);
  assert.throws(() => ws.onUnhandled(3 as never), none);
  assert.throws(() => ws.once('fanring:token', () => {}), { code: 'ERR_EVENT_NAME' });
});

/** Type checks alone. */
export function typed(ws: Ws<{ chat: string; sum: (numbers: number[]) => number }>): void {
  const hear = (text: string) => text.length;
  const remove: () => void = ws.once('chat', hear, { signal: AbortSignal.abort() });
  ws.off('chat', hear);
  ws.onAny((event, payload) => {
    if (event === 'chat') payload.trim();
    else payload.map(Number);
  });
  // @ts-expect-error the payload is a string
  ws.once('chat', (numbers: number[]) => numbers);
  // @ts-expect-error there is no such event
  ws.off('chatt', hear);
  // @ts-expect-error there is no such option
  ws.on('chat', hear, { once: true });
  remove();
}
