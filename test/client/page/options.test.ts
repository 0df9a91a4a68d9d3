import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ws, type WsOptions } from '../../../src/client/index.ts';
import { open } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';

const create = (options: object) =>
  open({ host: 'host' }, null, { WebSocket: FakeWebSocket, ...options } as WsOptions);

for (const [name, value, allowed] of [
  ['codec', 'json', /'text' or 'msgpack'/],
  ['codec', 'toString', /'text' or 'msgpack'/],
  ['eventPrefix', '', /not empty/],
  ['eventPrefix', 1, /not empty/],
  ['acks', 'no', /true or false/],
  ['reconnect', true, /false or an object/],
  ['reconnect', null, /false or an object/],
  ['maxQueuedMessages', -1, /from 0/],
  ['maxQueuedMessages', '5', /from 0/],
  ['maxBufferedBytes', 1.5, /from 0/],
  ['connectTimeoutMs', 0, /from 1/],
  ['idleTimeoutMs', 2 ** 31, /to 2147483647/],
  ['probeTimeoutMs', Number.NaN, /from 1/],
  ['WebSocket', {}, /a constructor/],
] as const) {
  test(`refuses ${name}: ${String(value)}`, () => {
    const message = new RegExp(`^${name}: .*${allowed.source}`);
    assert.throws(() => create({ [name]: value }), { code: 'ERR_OPTION', message });
  });
}

for (const [name, value] of [
  ['minDelayMs', 0],
  ['maxDelayMs', 2 ** 31],
  ['factor', 0.5],
  ['factor', Number.NaN],
  ['stableMs', -1],
  ['shouldReconnect', true],
] as const) {
  test(`refuses reconnect.${name}: ${value}`, () => {
    const message = new RegExp(`^reconnect\\.${name}: ${value} is not`);
    const wrong = { code: 'ERR_OPTION', message };
    assert.throws(() => create({ reconnect: { [name]: value } }), wrong);
  });
}

test('refuses an option that there is not, and names those that there are', () => {
  const options = { code: 'ERR_OPTION', message: /^recconnect: no such option.* reconnect/ };
  assert.throws(() => create({ recconnect: false }), options);
  assert.throws(() => create({ toString: 1 }), { code: 'ERR_OPTION' });
  const nested = { code: 'ERR_OPTION', message: /^reconnect\.delay: no such option.*minDelayMs/ };
  assert.throws(() => create({ reconnect: { delay: 1 } }), nested);
});

test('takes every option at its limits, and undefined for one that is left out', () => {
  const longest = 2 ** 31 - 1;
  create({
    codec: undefined,
    eventPrefix: 'p',
    acks: false,
    reconnect: {
      minDelayMs: 1,
      maxDelayMs: longest,
      factor: 1,
      stableMs: 0,
      shouldReconnect: () => false,
    },
    maxQueuedMessages: 0,
    maxBufferedBytes: 0,
    connectTimeoutMs: longest,
    idleTimeoutMs: 0,
    probeTimeoutMs: longest,
  }).close();
  FakeWebSocket.last.end(1006);
});

test('refuses what is no URL, no subprotocol and no options', () => {
  const Any = Ws as unknown as new (...parts: unknown[]) => Ws;
  assert.throws(() => new Any(), { name: 'TypeError', message: /^url: undefined/ });
  assert.throws(() => new Any(null), TypeError);
  assert.throws(() => new Any({ toString: () => 'ws://host/' }), TypeError);
  const protocols = { code: 'ERR_OPTION', message: /^protocols: / };
  assert.throws(() => new Any('ws://host/', { codec: 'msgpack' }), protocols);
  assert.throws(() => new Any('ws://host/', null, null), { code: 'ERR_OPTION' });
});

test('refuses a listener that is none, and an event that could never come', () => {
  const ws = create({});
  const none = { code: 'ERR_OPTION', message: 'a listener: 3 is not a function' };
  for (const listen of [
    () => ws.on('e', 3 as never),
    () => ws.onConnect(3 as never),
    () => ws.onDisconnect(3 as never),
    () => ws.OnDisconnect(3 as never),
    () => ws.onMessage(3 as never),
    () => ws.onError(3 as never),
    () => ws.onReconnecting(3 as never),
  ]) {
    assert.throws(listen, none);
  }
  for (const event of ['', 'a;b', 3]) {
    assert.throws(() => ws.on(event as string, () => {}), { code: 'ERR_EVENT_NAME' });
  }
  ws.close();
  FakeWebSocket.last.end(1006);
});
