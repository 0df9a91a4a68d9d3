import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FirstEmitter, type ReconnectOptions, Ws } from '../../../src/client/index.ts';
import { addServer, PLACES, withEngine } from '../../end-to-end/kit/test-engine.ts';
import { connected, open, Told, told } from '../connect.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const SOON: ReconnectOptions = { minDelayMs: 1, maxDelayMs: 20 };
type First = FirstEmitter<Record<string, unknown>>;

test('what onConnect says first goes ahead of all that waits, at each connection', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { acks: false, reconnect: SOON });
  ws.emit('waits', 1);
  ws.onConnect(async (first) => {
    ws.emit('waits', 2);
    assert.equal(await first.emitWithAck('login', 'token'), 'welcome');
    first.emit('first', 'too');
    first.emitMessage('native');
  });
  ws.onConnect(() => ws.emit('connected'));
  for (let round = 1; round <= 2; round++) {
    const peer = await server.accept();
    assert.equal(await peer.next(), `${P}login;0?${round};token`);
    ws.emit('waits', 3);
    ws.volatile.emit('stale'); // as without a connection
    peer.send(`${P};0!${round};welcome`);
    const said = ['first;0;too', 'waits;1;1', 'waits;1;2', 'waits;1;3', 'connected;0;'];
    if (round === 2) said.splice(1, 1);
    assert.equal(await peer.next(), P + said.shift());
    assert.equal(await peer.next(), 'native');
    for (const message of said) assert.equal(await peer.next(), P + message);
    const lost = told((fn) => ws.onDisconnect(fn));
    peer.terminate();
    await lost;
  }
  ws.close();
});

test('a listener without a promise lets the others wait for nothing', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { acks: false, reconnect: false });
  ws.emit('waits');
  ws.onConnect((first) => first.emit('first'));
  const peer = await server.accept();
  await connected(ws);
  ws.emit('then');
  for (const event of ['first', 'waits', 'then'])
    assert.equal(await peer.next(), `${P}${event};0;`);
});

test('where the first words fail, the client connects anew, and what waits still waits', async (t) => {
  const told = t.mock.method(console, 'error', () => {});
  await using server = await WireServer.start();
  const ws = open(server, null, { acks: false, reconnect: SOON });
  const ends = new Told<{ code: number }>((fn) => ws.onDisconnect(fn));
  ws.emit('waits');
  ws.onConnect((first) => first.emitWithAck('login'));
  const refusing = await server.accept();
  assert.equal(await refusing.next(), `${P}login;0?1;`);
  refusing.send(`${P};0~1;the handler failed`);
  assert.equal((await ends.next()).code, 4000);
  assert.equal(await refusing.next(), undefined, 'nothing that waits has been sent');
  const peer = await server.accept();
  assert.equal(await peer.next(), `${P}login;0?2;`);
  peer.send(`${P};0!2;`);
  assert.equal(await peer.next(), `${P}waits;0;`);
  assert.equal(told.mock.callCount(), 1);
  ws.close();
});

test('first words are for their own connection, never for the next one', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { acks: false, reconnect: SOON });
  const firsts = new Told<First>((fn) => ws.onConnect((first) => fn(first)));
  const peer = await server.accept();
  const stale = await firsts.next();
  peer.terminate();
  const next = await server.accept();
  const current = await firsts.next();
  stale.emit('stale');
  stale.emitMessage('stale');
  await assert.rejects(stale.emitWithAck('stale'), { code: 'ERR_CONNECTION_ENDED' });
  current.emit('current');
  assert.equal(await next.next(), `${P}current;0;`);
  ws.close();
});

test('a listener that waits for a connection that has ended holds up no other', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { reconnect: SOON });
  const gates: PromiseWithResolvers<void>[] = [];
  const greetings = new Told<First>((fn) =>
    ws.onConnect((first) => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      fn(first);
      return gate.promise;
    }),
  );
  const peer = await server.accept();
  await greetings.next();
  const hello = await peer.next(); // that the client answers asks
  peer.terminate();
  const next = await server.accept();
  const current = await greetings.next();
  ws.emit('waits');
  gates[0]?.resolve(); // of the connection before
  await nextTurn();
  current.emit('login');
  gates[1]?.resolve();
  assert.equal(await next.next(), hello);
  assert.equal(await next.next(), `${P}login;0;`);
  assert.equal(await next.next(), `${P}waits;0;`);
  ws.close();
});

test('a server is asked whether it is there while the first words are being said', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { codec: 'text', idleTimeoutMs: 5, acks: false, reconnect: false });
  ws.onConnect((first) => new Promise(() => first.emit('login')));
  const peer = await server.accept();
  assert.equal(await peer.next(), `${P}login;0;`);
  assert.equal(await peer.next(), `${P}fanring:ping;0?1;`);
  ws.close();
});

const HANDLERS = new URL('../../end-to-end/fixtures/login.ts', import.meta.url);

for (const place of PLACES) {
  for (const codec of ['text', 'msgpack'] as const) {
    test(`a server that wants a login first gets what waited behind it: ${place}, ${codec}`, async () => {
      await withEngine({ shards: 1 }, async ({ engine, port }) => {
        await addServer(engine, place, HANDLERS, { endpoint: '/chat', codec: 'negotiate' });
        const ws = new Ws(`ws://127.0.0.1:${port}/chat`, null, { codec, reconnect: SOON });
        const heard = new Told<unknown>((fn) => ws.on('heard', fn));
        ws.emit('say', 'offline');
        ws.onConnect(async (first) => {
          await Promise.resolve(); // a token may have to be fetched
          await first.emitWithAck('login', 'secret');
        });
        assert.equal(await heard.next(), 'offline');
        assert.equal(await ws.emitWithAck('who'), 'Ada');
        ws.close();
      });
    });
  }
}

/** Type checks alone: `first` knows the events of its client. */
export function typed(ws: Ws<{ login: (token: string) => boolean }>): void {
  ws.onConnect(async (first) => {
    const isIn: boolean = await first.emitWithAck('login', 'token');
    // @ts-expect-error the payload of a login is a string
    first.emit('login', Number(isIn));
  });
}

test('reserved names are refused, whichever way they would go', async () => {
  await using server = await WireServer.start();
  const ws = open(server, null, { acks: false, reconnect: false });
  const refused = { code: 'ERR_EVENT_NAME' };
  assert.throws(() => ws.emit('fanring:x'), refused);
  assert.throws(() => ws.volatile.emit('fanring:x'), refused);
  await assert.rejects(ws.emitWithAck('fanring:x'), refused);
  const first = await told<First>((fn) => ws.onConnect((one) => fn(one)));
  assert.throws(() => first.emit('fanring:x'), refused);
  await assert.rejects(first.emitWithAck('fanring:x'), refused);
  ws.close();
});
