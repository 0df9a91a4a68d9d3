import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ws } from '../../../src/client/index.ts';
import { Engine, Refusal } from '../../../src/main/index.ts';
import { closeLater, Told, told } from '../../client/connect.ts';

const SOON = { minDelayMs: 1, maxDelayMs: 5 };

for (const codec of ['text', 'msgpack'] as const) {
  test(`a server has a new token at each attempt, refused or not: ${codec}`, async () => {
    await using engine = new Engine({ shards: 1 });
    const seen: (string | undefined)[] = [];
    const server = engine.server({
      endpoint: '/chat',
      codec: 'negotiate',
      authorize: ({ token }) => {
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
