import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { buildClient } from '../../../scripts/build-client.ts';
import { Engine, type EngineOptions } from '../../../src/main/index.ts';

const DEFAULT_HEAD = '(()=>{const EVENT_PREFIX="iris-websocket-message:";';

before(() => buildClient());

async function start(options: EngineOptions = {}) {
  const engine = new Engine({ shards: 0, ...options });
  engine.server({ endpoint: '/chat', eventPrefix: 'chat:' });
  engine.server({ endpoint: '/slash/', eventPrefix: 'slash:' });
  engine.server({ endpoint: '/plain' });
  engine.server({ eventPrefix: 'disabled:' });
  const { port } = await engine.listen(0, {
    host: '127.0.0.1',
    request: (_, response) => response.end('of the app'),
  });
  const get = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method });
  /** The first line of a script: the one that has the prefix. */
  const head = async (path: string) => (await (await get(path)).text()).split('\n')[0];
  return { engine, get, head };
}

test("every endpoint's script carries its prefix, and the one at the root the default", async () => {
  const { engine, head } = await start();
  await using _ = engine;
  assert.equal(await head('/iris-ws.js'), DEFAULT_HEAD);
  assert.equal(await head('/plain/iris-ws.js'), DEFAULT_HEAD);
  assert.equal(await head('/chat/iris-ws.js'), '(()=>{const EVENT_PREFIX="chat:";');
  assert.equal(await head('/chat/iris-ws.js?v=1'), '(()=>{const EVENT_PREFIX="chat:";');
  assert.equal(await head('/slash/iris-ws.js'), '(()=>{const EVENT_PREFIX="slash:";');
});

test('a script belongs to its server: it comes and goes with it', async () => {
  const { engine, head } = await start();
  await using _ = engine;
  assert.equal(await head('/late/iris-ws.js'), 'of the app');
  const late = engine.server({ endpoint: '/late', eventPrefix: 'late:' });
  assert.equal(await head('/late/iris-ws.js'), '(()=>{const EVENT_PREFIX="late:";');
  await late.close();
  assert.equal(await head('/late/iris-ws.js'), 'of the app');
});

test('paths that only look like those of a script stay with the app', async () => {
  const { engine, head } = await start();
  await using _ = engine;
  for (const path of ['/chat/x/iris-ws.js', '/cha/iris-ws.js', '/iris-ws.jsx', '/chatiris-ws.js']) {
    assert.equal(await head(path), 'of the app', path);
  }
});

test('the msgpack module is beside every script', async () => {
  const { engine, get } = await start();
  await using _ = engine;
  for (const path of ['/iris-ws-msgpack.js', '/chat/iris-ws-msgpack.js']) {
    const response = await get(path);
    assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.match(await response.text(), /export\s*\{.*createMsgpackCodec/);
  }
});

test('scripts are served to GET and HEAD', async () => {
  const { engine, get } = await start();
  await using _ = engine;
  const head = await get('/chat/iris-ws.js', 'HEAD');
  assert.equal(await head.text(), '');
  assert.ok(Number(head.headers.get('content-length')) > 1000);
  const post = await get('/chat/iris-ws.js', 'POST');
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
});

test('scripts are where clientScriptPath says, or nowhere', async () => {
  const elsewhere = await start({ clientScriptPath: '/js/client.js' });
  await using _elsewhere = elsewhere.engine;
  assert.equal(await elsewhere.head('/js/client.js'), DEFAULT_HEAD);
  assert.equal(await elsewhere.head('/chat/js/client.js'), '(()=>{const EVENT_PREFIX="chat:";');
  assert.equal((await elsewhere.get('/chat/js/iris-ws-msgpack.js')).status, 200);
  assert.equal(await elsewhere.head('/iris-ws.js'), 'of the app');
  assert.equal(await elsewhere.head('/iris-ws-msgpack.js'), 'of the app');

  const nowhere = await start({ clientScriptPath: '' });
  await using _nowhere = nowhere.engine;
  for (const path of ['/iris-ws.js', '/iris-ws-msgpack.js', '/chat/iris-ws-msgpack.js', '/chat']) {
    assert.equal(await nowhere.head(path), 'of the app');
  }
});
