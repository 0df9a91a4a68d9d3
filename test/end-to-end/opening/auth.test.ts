import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ws } from '../../../src/client/index.ts';
import { type ConnectionRequest, Engine, Refusal } from '../../../src/main/index.ts';
import { closeLater, Told, told } from '../../client/connect.ts';

const SOON = { minDelayMs: 1, maxDelayMs: 5 };

/** The token of an upgrade: as the server shows it, or else out of the subprotocols. */
function tokenOf(request: ConnectionRequest & { readonly token?: string }): string | undefined {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  const [, encoded] = /fanring\.token\.([\w-]+)/.exec(offered) ?? [];
  return request.token ?? (encoded && Buffer.from(encoded, 'base64url').toString());
}

for (const codec of ['text', 'msgpack'] as const) {
  test(`a server has a new token at each attempt, refused or not: ${codec}`, async () => {
    await using engine = new Engine({ shards: 1 });
    const seen: (string | undefined)[] = [];
    const server = engine.server({
      endpoint: '/chat',
      codec: 'negotiate',
      authorize: (request) => {
        const token = tokenOf(request);
        seen.push(token);
        if (token === '1') throw new Refusal(403); // a 401 has Node's WebSocket ask again by itself
        return { token };
      },
    });
    server.onConnection((c) => {
      c.on('who', () => c.data);
      if (seen.length === 2) setTimeout(() => c.disconnect(4401, 'expired'), 5);
    });
    const { port } = await engine.listen(0, { host: '127.0.0.1' });
    let fetched = 0;
    const options = { codec, auth: async () => `${++fetched}`, reconnect: SOON };
    const ws = closeLater(new Ws(`ws://127.0.0.1:${port}/chat`, null, options));
    const ends = new Told<{ code: number }>((fn) => ws.onDisconnect(fn));
    assert.equal((await ends.next()).code, 1006);
    assert.equal((await ends.next()).code, 4401);
    if (ws.state !== 'connected') await told<void>((fn) => ws.onConnect(() => fn()));
    assert.deepEqual(await ws.emitWithAck('who'), { token: '3' });
    assert.deepEqual(seen, ['1', '2', '3']);
    ws.close();
  });
}
