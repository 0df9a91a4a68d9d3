import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { RawClient, upgradeRequest } from '../kit/raw-client.ts';
import { TestClient } from '../kit/test-client.ts';
import { withEngine } from '../kit/test-engine.ts';

const HEADERS = {
  'Access-Control-Allow-Origin': 'http://page',
  'content-type': 'text/html',
  allow: 'all',
};

/** The head of the answer to an upgrade. */
async function headOf(port: number, headers: Record<string, string> = {}): Promise<string> {
  await using client = await RawClient.connect(port);
  client.send(upgradeRequest('/a', headers));
  return (await client.answer()).head;
}

test("an endpoint's headers go on all its refusals, but for those of the refusal itself", async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    engine.server({ endpoint: 'a', headers: HEADERS, origins: [], maxMessageSize: 64 });
    const { origin, key } = { origin: { Origin: 'http://x' }, key: { 'Sec-WebSocket-Key': 'x' } };
    for (const [headers, status] of [
      [origin, 403],
      [key, 400],
      [{ 'Sec-WebSocket-Version': '8' }, 426],
    ] as const) {
      const head = await headOf(port, headers);
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(head, /\r\nAccess-Control-Allow-Origin: http:\/\/page\r\n/);
      assert.deepEqual(head.match(/^content-type: .*$/gim), [
        'Content-Type: text/plain; charset=utf-8',
      ]);
    }
  });
});

test('the refusal of a shard that is still loading has them, too', async () => {
  await withEngine({ shards: 1, handshakeTimeout: 100 }, async ({ engine, port }) => {
    const handlers = new URL('../fixtures/never-module.ts', import.meta.url);
    const server = engine.server({ endpoint: 'a', headers: HEADERS, handlers });
    server.ready.catch(() => {});
    const head = await headOf(port);
    assert.match(head, /^HTTP\/1\.1 503 /);
    assert.match(head, /\r\nAccess-Control-Allow-Origin: http:\/\/page\r\n/);
    await server.close({ timeoutMs: 50 });
  });
});

test('an endpoint without its first slash gets it', async () => {
  await withEngine({ shards: 0 }, async ({ engine, port }) => {
    const server = engine.server({ endpoint: 'chat/room' });
    assert.equal(server.endpoint, '/chat/room');
    await server.ready;
    await using client = await TestClient.open({ port }, '/chat/room');
    assert.equal(client.socket.readyState, client.socket.OPEN);
    for (const endpoint of ['chat/room', '/chat/room']) {
      assert.throws(() => engine.server({ endpoint }), {
        code: 'ERR_ENDPOINT_TAKEN',
        message: "endpoint: '/chat/room' has a server already",
      });
    }
  });
});
