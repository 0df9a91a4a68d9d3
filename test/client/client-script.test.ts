import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { buildClient } from '../../scripts/build-client.ts';
import { clientScript, readClientScript } from '../../src/main/client-script.ts';
import { WireServer } from './wire-server.ts';

before(() => buildClient());

/** What a page has beside the language itself. */
function createPage(host: string) {
  const location = new URL(`http://${host}/index.html`);
  const { console, TextDecoder, TextEncoder, URL: PageURL, WebSocket } = globalThis;
  return vm.createContext({ console, TextDecoder, TextEncoder, URL: PageURL, WebSocket, location });
}

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

test('the served script completes a path from its page', async () => {
  await using server = await WireServer.start();
  const page = createPage(server.host);
  vm.runInContext(`${clientScript()}; new Ws("/chat", null).Emit("n", 1);`, page);
  const peer = await server.accept();
  assert.equal(peer.request.url, '/chat');
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
  assert.ok(gzipSync(script).length < 2.5 * 1024, `${gzipSync(script).length} bytes`);
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
    vm.runInContext(`${script}; new Ws("ws://${server.host}/").Emit("e", "x");`, page);
    const peer = await server.accept();
    assert.equal(await peer.next(), `${eventPrefix}e;0;x`);
  });
}

test('says how to build a script that is not there', () => {
  const file = new URL('./no-such-directory/iris-ws.js', import.meta.url);
  const missing = { code: 'ERR_OPTION', message: /npm run build:client/ };
  assert.throws(() => readClientScript(file), missing);
});
