import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Packr } from 'msgpackr';
import { type EngineError, Ws, type WsOptions } from '../../../src/client/index.ts';
import vectors from '../../wire/token-vectors.json' with { type: 'json' };
import { closeLater, connected, Told } from '../connect.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';
const SOON = { minDelayMs: 1, maxDelayMs: 5 };

function open({ host }: WireServer, options: WsOptions, protocols?: string[]): Ws {
  return closeLater(new Ws(`ws://${host}/chat`, protocols, { reconnect: SOON, ...options }));
}

/** The subprotocols that a client has offered, and the path that it has asked for. */
async function accept(server: WireServer) {
  const peer = await server.accept();
  const { headers, url } = peer.request;
  return { peer, url, offered: headers['sec-websocket-protocol']?.split(/,\s*/) };
}

for (const { token, protocol } of vectors.subprotocols) {
  test(`offers the token ${JSON.stringify(token)} as a subprotocol`, async () => {
    await using server = await WireServer.start();
    const ws = open(server, { auth: () => token });
    const { offered, url } = await accept(server);
    assert.deepEqual(offered, ['fanring.text.v1', protocol]);
    assert.equal(url, '/chat');
    ws.close();
  });
}

test('offers a token behind the codec and the subprotocols of the app', async () => {
  await using server = await WireServer.start();
  for (const [options, protocols, expected] of [
    [{ codec: 'msgpack' }, ['app'], ['fanring.msgpack.v1', 'app']],
    [{}, ['app'], ['fanring.text.v1', 'app']],
    [{}, ['app', 'fanring.text.v1'], ['fanring.text.v1', 'app']],
  ] as [WsOptions, string[], string[]][]) {
    const ws = open(server, { ...options, auth: async () => 'secret' }, protocols);
    const { offered } = await accept(server);
    assert.deepEqual(offered, [...expected, 'fanring.token.c2VjcmV0']);
    await connected(ws);
    ws.close();
  }
});

test('fetches a token for each attempt, and connects without where there is none', async () => {
  await using server = await WireServer.start();
  const tokens = ['1', undefined, '', null, '2'];
  const ws = open(server, { auth: () => tokens.shift() });
  for (const expected of [
    'fanring.token.MQ',
    undefined,
    undefined,
    undefined,
    'fanring.token.Mg',
  ]) {
    const { peer, offered } = await accept(server);
    assert.deepEqual(offered, ['fanring.text.v1', ...(expected ? [expected] : [])]);
    peer.terminate();
  }
  ws.close();
});

test('comes back with another token after 4401, and stays away after other codes of its kind', async () => {
  await using server = await WireServer.start();
  let fetched = 0;
  const ws = open(server, { auth: () => `${++fetched}` });
  const ends = new Told<{ code: number; willReconnect: boolean }>((fn) => ws.onDisconnect(fn));
  (await accept(server)).peer.close(4401, 'expired');
  const { peer, offered } = await accept(server);
  assert.equal(offered?.at(-1), 'fanring.token.Mg');
  peer.close(4403);
  assert.partialDeepStrictEqual(await ends.next(), { code: 4401, willReconnect: true });
  assert.partialDeepStrictEqual(await ends.next(), { code: 4403, willReconnect: false });
  assert.equal(fetched, 2);
});

test('stays away after 4401 where the app says so, or has no auth', async () => {
  await using server = await WireServer.start();
  const auth = () => 'token';
  for (const options of [
    { auth, reconnect: false },
    { auth, reconnect: { ...SOON, shouldReconnect: () => false } },
    {},
  ] as WsOptions[]) {
    const ws = open(server, options);
    const ends = new Told<{ willReconnect: boolean }>((fn) => ws.onDisconnect(fn));
    (await accept(server)).peer.close(4401);
    assert.equal((await ends.next()).willReconnect, false);
  }
});

test('a page with OnDisconnect does not reconnect, unless it says how, with auth as without', async () => {
  await using server = await WireServer.start();
  for (const [reconnect, willReconnect] of [
    [undefined, false],
    [SOON, true],
  ] as const) {
    const ws = open(server, { auth: () => 'token', reconnect });
    const ends = new Told<{ willReconnect: boolean }>((fn) => ws.OnDisconnect(fn));
    (await accept(server)).peer.close(1012);
    assert.equal((await ends.next()).willReconnect, willReconnect);
    ws.close();
  }
});

const packr = new Packr({ useRecords: false });

for (const codec of ['text', 'msgpack'] as const) {
  const { ask, answer, failed } = vectors[codec];
  const bytes = (wire: string) => (codec === 'text' ? wire : Buffer.from(wire, 'hex'));

  test(`answers the ask for a token with another one: ${codec}`, async () => {
    await using server = await WireServer.start();
    const tokens = ['first', 'secret', undefined, 'again'];
    const ws = open(server, {
      codec,
      auth: async () => {
        if (tokens.length === 1) throw new Error('signed out');
        return tokens.shift();
      },
    });
    const errors = new Told<EngineError>((fn) => ws.onError((error) => fn(error as EngineError)));
    const heard: unknown[] = [];
    ws.onAny((...event: unknown[]) => heard.push(event));
    const { peer } = await accept(server);
    peer.send(bytes(ask));
    assert.deepEqual(await peer.next(), bytes(answer));
    peer.send(bytes(ask));
    assert.deepEqual(await peer.next(), bytes(failed));
    assert.match((await errors.next()).message, /^auth gave no token/);
    peer.send(bytes(ask));
    assert.deepEqual(await peer.next(), bytes(failed));
    assert.equal((await errors.next()).message, 'auth threw');
    assert.deepEqual(heard, []);
    ws.close();
  });
}

test('the vectors of msgpack are what another encoder writes', () => {
  const { ask, answer, failed } = vectors.msgpack;
  const hex = (value: unknown) => packr.pack(value).toString('hex');
  assert.deepEqual(packr.unpack(Buffer.from(ask, 'hex')), ['fanring:token', null, 1]);
  assert.equal(hex([1, 'secret']), answer);
  assert.equal(hex([-1, 'the handler failed']), failed);
});

test('a client without auth has no token to give', async () => {
  await using server = await WireServer.start();
  const ws = open(server, { codec: 'text' });
  const { peer, offered } = await accept(server);
  assert.deepEqual(offered, ['fanring.text.v1']);
  peer.send(vectors.text.ask);
  assert.equal(await peer.next(), `${P};0~1;no handler`);
  ws.close();
});

test('no token is in errors, in the console, or in what a client shows of itself', async (t) => {
  const shown: unknown[] = [];
  for (const method of ['warn', 'error', 'log'] as const) {
    t.mock.method(console, method, (...parts: unknown[]) => shown.push(...parts));
  }
  const token = 'sesame-open';
  const encoded = 'c2VzYW1lLW9wZW4';
  const server = await WireServer.start();
  const wrong = Object.assign(Object.create(null), { token });
  const tokens: unknown[] = [token, wrong, token];
  const ws = open(server, { auth: () => (tokens.shift() ?? token) as string });
  ws.onDisconnect((end) => shown.push(end));
  const attempts = new Told<{ reason: unknown }>((fn) => ws.onReconnecting(fn));
  const { peer } = await accept(server);
  shown.push(inspect(ws, { depth: 9 }));
  peer.send(vectors.text.ask); // it gives something wrong now
  assert.equal(await peer.next(), vectors.text.failed);
  await server[Symbol.asyncDispose]();
  for (let i = 0; i < 4; i++) shown.push((await attempts.next()).reason);
  ws.close();
  const all = inspect(shown, { depth: 9, maxStringLength: null });
  assert.match(all, /auth gave a value/);
  assert.doesNotMatch(all, new RegExp(`${token}|${encoded}`));
});
