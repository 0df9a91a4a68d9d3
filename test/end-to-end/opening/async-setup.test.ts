import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { AckClient } from '../kit/ack-client.ts';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, type TestEngine, withEngine } from '../kit/test-engine.ts';
import { clientOptions, webSocketScheme } from '../kit/transport.ts';

const GATED = new URL('../fixtures/gated.ts', import.meta.url);
const TEXT = '\x81\x85\0\0\0\0early'; // a masked frame

function gateOf({ port }: TestEngine) {
  return AckClient.open({ port }, '/a?gate', 'text');
}

for (const { place, shards } of SETUPS) {
  const where = `${place}, ${shards} shards`;

  test(`a connection opens when its onConnection has resolved, and loses nothing: ${where}`, async () => {
    await withEngine({ shards }, async (context) => {
      await addServer(context.engine, place, GATED, { endpoint: '/a' });
      await using gate = await gateOf(context);
      await using client = await RawClient.connect(context.port);
      client.send(upgradeRequest('/a?name=bob'));
      client.send(Buffer.from(TEXT, 'latin1'));
      const question = await gate.question('enter');
      assert.equal(question.payload, 'bob');
      client.send(Buffer.from(TEXT, 'latin1'));
      assert.equal(client.socket.readableLength, 0, 'it is not open');
      gate.answer(question, 'yes');
      assert.match(await client.head(), /^HTTP\/1\.1 101 /);
      assert.deepEqual([await client.message(), await client.message()], ['early', 'early']);
    });
  });

  test(`an onConnection that rejects refuses the upgrade: ${where}`, async () => {
    await withEngine({ shards }, async (context) => {
      const { engine, errors, port } = context;
      const server = await addServer(engine, place, GATED, {
        endpoint: '/a',
        headers: { 'X-Of': 'this endpoint' },
      });
      await using gate = await gateOf(context);
      for (const [answer, status, body] of [
        ['refusal', '403 Forbidden', 'not you'],
        ['status', '402 Payment Required', 'pay first'],
        ['defect', '500 Internal Server Error', 'Internal Server Error'],
      ] as const) {
        await using client = await RawClient.connect(port);
        client.send(upgradeRequest('/a'));
        client.send(Buffer.from(TEXT, 'latin1'));
        gate.answer(await gate.question('enter'), answer);
        const { head, body: said } = await client.answer();
        assert.equal(head.slice(0, head.indexOf('\r')), `HTTP/1.1 ${status}`);
        assert.match(head, /\r\nX-Of: this endpoint\r\n/);
        assert.equal(/\r\nX-Why: gate\r\n/.test(head), answer === 'refusal');
        assert.equal(said, body);
        assert.equal(await client.rest(), '');
        assert.equal(await gate.event('gone'), 1006);
      }
      const told = errors.splice(0).map(({ code, message }) => `${code} ${message}`);
      const defect = 'a handler of onConnection on /a threw: the database is gone';
      assert.deepEqual(told, [`ERR_HANDLER ${defect}`]);
      assert.equal(server.count(), 1);
    });
  });

  test(`an onConnection that takes longer than handshakeTimeout is refused: ${where}`, async () => {
    await withEngine({ shards, handshakeTimeout: 300 }, async (context) => {
      const { engine, errors, port } = context;
      await addServer(engine, place, GATED, { endpoint: '/a' });
      await using gate = await gateOf(context);
      await using client = await RawClient.connect(port);
      client.send(upgradeRequest('/a'));
      const question = await gate.question('enter');
      assert.match((await client.answer()).head, /^HTTP\/1\.1 503 /);
      assert.equal(await client.rest(), '');
      gate.answer(question, 'yes');
      // Its onDisconnect is added only now, and called all the same.
      assert.equal(await gate.event('gone'), 1006);
      const [error, ...others] = errors.splice(0);
      const advice = 'start long work without awaiting it';
      const message = `onConnection of /a did not resolve within handshakeTimeout (300 ms): ${advice}`;
      assert.deepEqual([error?.code, error?.message, others], ['ERR_HANDLER', message, []]);
    });
  });

  test(`onDisconnect is called though its client has gone before it was added: ${where}`, async () => {
    await withEngine({ shards }, async (context) => {
      await addServer(context.engine, place, GATED, { endpoint: '/a' });
      await using gate = await gateOf(context);
      const client = await RawClient.connect(context.port);
      client.send(upgradeRequest('/a'));
      const question = await gate.question('enter');
      client.socket.resetAndDestroy();
      gate.answer(question, 'yes');
      assert.equal(await gate.event('gone'), 1006);
    });
  });

  test(`a disconnect while onConnection waits goes behind the 101: ${where}`, async () => {
    await withEngine({ shards }, async (context) => {
      await addServer(context.engine, place, GATED, { endpoint: '/a' });
      await using gate = await gateOf(context);
      await using client = await RawClient.connect(context.port);
      client.send(upgradeRequest('/a?leaves'));
      const question = await gate.question('enter');
      gate.answer(question, 'yes');
      assert.match(await client.head(), /^HTTP\/1\.1 101 /);
      assert.deepEqual(await client.closeFrame(), { code: 4001, reason: 'not for you' });
    });
  });

  test(`hundreds of clients that speak at once are heard, each: ${where}`, async () => {
    await withEngine({ shards }, async (context) => {
      await addServer(context.engine, place, GATED, { endpoint: '/a' });
      await using gate = await gateOf(context);
      const url = `${webSocketScheme()}://127.0.0.1:${context.port}/a`;
      const heard = Array.from({ length: 200 }, async (_, i) => {
        const socket = new WebSocket(url, clientOptions());
        socket.on('open', () => socket.send(String(i)));
        const [message] = await once(socket, 'message');
        socket.terminate();
        return String(message);
      });
      for (let answered = 0; answered < heard.length; ) {
        const decoded = await gate.next(); // or the end of one that has been heard
        if (!('event' in decoded) || decoded.ask === undefined) continue;
        gate.answer(decoded, 'yes');
        answered += 1;
      }
      assert.deepEqual(
        await Promise.all(heard),
        heard.map((_, i) => String(i)),
      );
    });
  });
}

test('a server without closures that wait opens its connections at once', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const server = engine.server({ endpoint: '/a' });
    server.onConnection((c) => c.emitMessage('hello'));
    server.onConnection(async (c) => c.emitMessage('and welcome'));
    await using client = await TestClient.open({ port }, '/a');
    assert.deepEqual([await client.next(), await client.next()], ['hello', 'and welcome']);
  });
});
