import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Disconnection, Ws } from '../../../src/client/index.ts';
import { Engine } from '../../../src/main/index.ts';
import { told } from '../../client/connect.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS } from '../kit/test-engine.ts';

const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const HANDLERS = new URL('../fixtures/own-count.ts', import.meta.url);

for (const { place, shards } of SETUPS) {
  test(`an app may test with fake timers: ${place}, ${shards} shards`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
    const engine = new Engine({ shards });
    const { port } = await engine.listen(0, { host: '127.0.0.1' });
    const server = await addServer(engine, place, HANDLERS, { endpoint: '/chat' });
    const open = () => new Ws(`ws://127.0.0.1:${port}/chat`, null, { reconnect: false });
    const [one, two] = [open(), open()];
    assert.equal(((await one.emitWithAck('join', 'r')) as number[])[0], 1);
    await one.emitWithAck('watch');
    await two.emitWithAck('counts', 'r');
    const gone = told((fn) => one.on('gone', fn));
    two.emit('go', 'r');
    await gone;
    const three = open();
    await three.emitWithAck('counts', 'r');
    const ends = [one, three].map((ws) => told<Disconnection>((fn) => ws.onDisconnect(fn)));
    await server.close({ timeoutMs: 1_000 });
    for (const { code } of await Promise.all(ends)) assert.equal(code, 1001);
    await engine.close({ timeoutMs: 1_000 });
  });
}

test('a shard that dies twice is started anew under fake timers', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
  await using engine = new Engine({ shards: 1 });
  const { port } = await engine.listen(0, { host: '127.0.0.1' });
  await addServer(engine, 'module', VERBS, { endpoint: '/v' });
  for (let deaths = 0; deaths < 2; deaths++) {
    const client = await TestClient.open({ port }, '/v');
    const exit = once(engine, 'shardExit');
    client.send('iris-websocket-message:do;4;["die"]');
    await Promise.all([exit, client.closed()]);
  }
  await using last = await TestClient.open({ port }, '/v');
  assert.equal(last.socket.readyState, 1);
});
