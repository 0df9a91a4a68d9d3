import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import vm from 'node:vm';
import { buildClient, gzippedSize, MAX_CLIENT_SIZE } from '../../../scripts/build-client.ts';
import type { EngineError, ReconnectAttempt } from '../../../src/client/index.ts';
import {
  BUILT_MSGPACK_MODULE,
  clientScript,
  MSGPACK_MODULE,
  readClientScript,
} from '../../../src/main/script/client-script.ts';
import { WireServer } from '../wire-server.ts';

before(() => buildClient());

/** What a page has beside the language itself. */
function createPage(host: string) {
  const location = new URL(`http://${host}/index.html`);
  const { console, TextDecoder, TextEncoder, URL: PageURL, WebSocket } = globalThis;
  const { AbortController, clearInterval, clearTimeout, setInterval, setTimeout } = globalThis;
  return vm.createContext({
    ONCE: { reconnect: false },
    ...{ console, TextDecoder, TextEncoder, URL: PageURL, WebSocket, location },
    ...{ AbortController, clearInterval, clearTimeout, setInterval, setTimeout },
  });
}

const HELLO = 'iris-websocket-message:;0+1;';

/** As much of jQuery as such a page needs: one element a selector, made at first use. */
const FAKE_JQUERY = `
  const elements = {};
  var $ = (target) => {
    if (typeof target === 'function') return target();
    return elements[target] ??= {
      value: '', children: [], handlers: [],
      val(text) { return text === undefined ? this.value : (this.value = text, this); },
      append(child) { this.children.push(child); return this; },
      click(fn) { fn ? this.handlers.push(fn) : this.handlers.forEach((f) => f()); return this; },
    };
  };
`;

const IRIS_PAGE = `
  var socket;
  $(function () {
    socket = new Ws("ws://" + HOST + "/my_endpoint");
    socket.OnConnect(function () { $("#log").append("connected"); shown(); });
    socket.OnDisconnect(function () { $("#log").append("disconnected"); shown(); });
    socket.On("chat", function (message) { $("#log").append(message); shown(); });
    socket.OnMessage(function (message) { $("#log").append("native: " + message); shown(); });
    $("#send").click(function () {
      socket.Emit("chat", $("#text").val().toString());
      $("#text").val("");
    });
  });
`;

test('a page written for iris works with the served script', async () => {
  await using server = await WireServer.start();
  const page = createPage(server.host);
  let shown = Promise.withResolvers<void>();
  const waitForLog = async () => {
    await shown.promise;
    shown = Promise.withResolvers<void>();
    return vm.runInContext('$("#log").children.at(-1)', page) as unknown;
  };
  Object.assign(page, { HOST: server.host, shown: () => shown.resolve() });
  for (const script of [`${clientScript()}`, FAKE_JQUERY, IRIS_PAGE]) vm.runInContext(script, page);

  const peer = await server.accept();
  assert.equal(peer.request.url, '/my_endpoint');
  assert.equal(await waitForLog(), 'connected');
  assert.equal(await peer.next(), HELLO);
  vm.runInContext('$("#text").val("hello"); $("#send").click();', page);
  assert.equal(await peer.next(), 'iris-websocket-message:chat;0;hello');
  assert.equal(vm.runInContext('$("#text").val()', page), '');
  peer.send('iris-websocket-message:chat;0;From: 1: hello');
  assert.equal(await waitForLog(), 'From: 1: hello');
  peer.send('plain');
  assert.equal(await waitForLog(), 'native: plain');
  vm.runInContext('socket.EmitMessage("bye"); socket.Disconnect();', page);
  assert.equal(await peer.next(), 'bye');
  assert.equal(await waitForLog(), 'disconnected');
});

test('the script calls a late OnConnect at once, and has the conn and isReady of the original', async () => {
  await using server = await WireServer.start();
  const page = createPage(server.host);
  const { promise, resolve } = Promise.withResolvers<void>();
  Object.assign(page, { opened: resolve });
  vm.runInContext(`${clientScript()}; var calls = 0, ws = new Ws("/chat", null, ONCE);`, page);
  const seen = (code: string) => vm.runInContext(code, page) as unknown;
  assert.equal(seen('ws.conn instanceof WebSocket && !ws.isReady'), true);
  vm.runInContext('ws.OnConnect(opened);', page);
  await server.accept();
  await promise;
  assert.equal(seen('ws.OnConnect(function () { calls++; }); calls'), 1);
  assert.equal(seen('ws.isReady && ws.conn.readyState'), 1);
  vm.runInContext('ws.Disconnect();', page);
  assert.equal(seen('ws.isReady'), false);
});

test('the script has nothing that only bundled apps need', () => {
  const page = createPage('localhost');
  vm.runInContext(`${clientScript()}`, page);
  assert.equal(vm.runInContext('"off" in Ws.prototype', page), false);
  const auth = 'try { new Ws("/chat", null, { auth: () => "" }) } catch (e) { e.message }';
  assert.equal(vm.runInContext(auth, page), 'auth');
});

test('the served script completes a path from its page', async () => {
  await using server = await WireServer.start();
  const page = createPage(server.host);
  vm.runInContext(`${clientScript()}; new Ws("/chat", null, ONCE).Emit("n", 1);`, page);
  const peer = await server.accept();
  assert.equal(peer.request.url, '/chat');
  assert.equal(await peer.next(), HELLO);
  assert.equal(await peer.next(), 'iris-websocket-message:n;1;1');
});

test('the script leaves a page one global', () => {
  const page = vm.createContext({ TextDecoder, TextEncoder });
  const names = Object.keys(page);
  vm.runInContext(`${clientScript()}`, page);
  assert.deepEqual(Object.keys(page), [...names, 'Ws']);
  assert.equal(vm.runInContext('Object.keys(globalThis).join()', page), [...names, 'Ws'].join());
});

test('the script stays small, and has none of the list of errors in it', () => {
  const script = clientScript();
  assert.ok(gzippedSize(script) < MAX_CLIENT_SIZE, `${gzippedSize(script)} bytes`);
  assert.doesNotMatch(`${script}`, /ERR_HANDOFF_UNSUPPORTED/);
});

for (const eventPrefix of [
  'other:',
  '"quoted" \\ and $& $1',
  '</script><script>alert(1)</script>',
  '<!-- \u2028 \u2029 \n é 你 😀',
  '`$\u007bEVENT_PREFIX}`',
]) {
  test(`a page served for the prefix ${JSON.stringify(eventPrefix)} speaks it`, async () => {
    await using server = await WireServer.start();
    const page = createPage(server.host);
    const script = clientScript({ eventPrefix });
    assert.ok(script.every((byte) => byte < 0x80));
    assert.doesNotMatch(script.toString().split('\n')[0] ?? '', /</);
    vm.runInContext(`${script}; new Ws("ws://${server.host}/", [], ONCE).Emit("e", "x");`, page);
    const peer = await server.accept();
    assert.equal(await peer.next(), `${eventPrefix};0+1;`);
    assert.equal(await peer.next(), `${eventPrefix}e;0;x`);
  });
}

test('the script takes the options of the client', async () => {
  await using server = await WireServer.start();
  const page = createPage(server.host);
  const options = "{ eventPrefix: 'p:', acks: false, ...ONCE }";
  vm.runInContext(`${clientScript()}; new Ws("/chat", null, ${options}).emit("e", "x");`, page);
  const peer = await server.accept();
  assert.equal(await peer.next(), 'p:e;0;x');
});

test('the script refuses what the client refuses, and names the option', () => {
  const page = createPage('localhost');
  vm.runInContext(`${clientScript()}`, page);
  const refused = (code: string) => vm.runInContext(`try { ${code} } catch (e) { e }`, page);
  for (const [options, name] of [
    ['{ codec: "msgpak" }', 'codec'],
    ['{ idleTimeoutMs: 2 ** 31 }', 'idleTimeoutMs'],
    ['{ recconnect: false }', 'recconnect'],
    ['{ reconnect: { factor: 0 } }', 'reconnect.factor'],
  ]) {
    const error = refused(`new Ws("/chat", null, ${options})`) as EngineError;
    assert.deepEqual([error.name, error.code, error.message], ['EngineError', 'ERR_OPTION', name]);
  }
  assert.equal((refused('new Ws()') as Error).name, 'TypeError');
});

test('the script refuses listeners, names and close codes as the client does', async () => {
  await using server = await WireServer.start();
  const page = createPage(server.host);
  vm.runInContext(`${clientScript()}; var ws = new Ws("/chat", null, ONCE);`, page);
  const codeOf = (code: string) => vm.runInContext(`try { ${code} } catch (e) { e.code }`, page);
  assert.deepEqual(
    ['ws.on("e", 3)', 'ws.on("fanring:x", () => {})', 'ws.close(1001)'].map(codeOf),
    ['ERR_OPTION', 'ERR_EVENT_NAME', 'ERR_CLOSE_CODE'],
  );
  await server.accept();
  vm.runInContext('ws.close();', page);
});

test('the script says by its code what was wrong', async () => {
  await using server = await WireServer.start();
  const page = createPage(server.host);
  const code = 'var ws = new Ws("/chat", null, ONCE); try { ws.emit("a;b") } catch (e) { e }';
  const error = vm.runInContext(`${clientScript()}; ${code}`, page) as EngineError;
  assert.deepEqual([error.code, error.message], ['ERR_EVENT_NAME', 'ERR_EVENT_NAME']);
  await server.accept();
  vm.runInContext('ws.close();', page);
});

test('the script gets msgpack from beside itself, when a page asks for it', async (t) => {
  await using server = await WireServer.start();
  const folder = await mkdtemp(join(tmpdir(), 'fanring-'));
  t.after(() => rm(folder, { recursive: true }));
  const page = createPage(server.host);
  const script = new vm.Script(`${clientScript()}`, {
    filename: join(folder, 'iris-ws.js'),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  script.runInContext(page);
  const reasons: string[] = [];
  Object.assign(page, {
    onReconnecting: ({ reason }: ReconnectAttempt) => {
      reasons.push(reason.reason);
      if (reasons.length === 1) copyFileSync(BUILT_MSGPACK_MODULE, join(folder, MSGPACK_MODULE));
    },
  });
  vm.runInContext(
    `var ws = new Ws("/chat", null, { codec: "msgpack", reconnect: { minDelayMs: 1 } });
    ws.onReconnecting(onReconnecting);
    ws.emit("e", 1);`,
    page,
  );
  const peer = await server.accept();
  assert.equal(reasons.length, 1);
  assert.match(reasons[0] ?? '', /iris-ws-msgpack\.js/);
  assert.deepEqual(await peer.next(), Buffer.from('92a16501', 'hex'));
  vm.runInContext('ws.close();', page);
});

test('says how to build a script that is not there', () => {
  const file = new URL('../no-such-directory/iris-ws.js', import.meta.url);
  const missing = { code: 'ERR_OPTION', message: /npm run build:client/ };
  assert.throws(() => readClientScript(file), missing);
});

test('answers that wait share one buffer for each prefix', () => {
  assert.equal(clientScript(), clientScript());
  assert.notEqual(clientScript({ eventPrefix: 'a:' }), clientScript());
  for (let i = 0; i < 100; i++) {
    assert.ok(`${clientScript({ eventPrefix: `p${i}:` })}`.includes(`"p${i}:"`));
  }
});
