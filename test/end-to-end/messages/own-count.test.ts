import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Ws } from '../../../src/client/index.ts';
import { Told } from '../../client/connect.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';

const HANDLERS = new URL('../fixtures/own-count.ts', import.meta.url);

for (const { place, shards } of SETUPS) {
  test(`what a handler does counts at once in its own count(): ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, HANDLERS, { endpoint: '/chat' });
      const open = () => new Ws(`ws://127.0.0.1:${port}/chat`, null, { reconnect: false });
      const one = open();
      const ask = (event: string, room = 'r') => one.emitWithAck(event, room);
      assert.deepEqual(await ask('at first'), [0, 1, 1]);
      for (let round = 1; round <= 2; round++) {
        assert.deepEqual(await ask('join'), [1, 1, 1]);
        const left = Array.from({ length: round }, () => 0);
        assert.deepEqual(await ask('leave'), [0, 1, 1, ...left]);
      }
      assert.deepEqual(await ask('server.join'), [1, 1, 1]);
      assert.deepEqual(await ask('server.leave'), [0, 1, 1]);
      await ask('watch');
      const other = open();
      assert.deepEqual(await other.emitWithAck('at first', ''), [0, 1, 2]);
      const gone = new Told<unknown>((fn) => one.on('gone', fn));
      const none = [0, 0, 1];
      other.emit('go', 'r');
      assert.deepEqual(await gone.next(), { atOnce: [...none, 0], after: none, left: [0, 0] });
      assert.deepEqual(await ask('counts'), none.with(1, 1));
      const leaving = open();
      assert.deepEqual(await leaving.emitWithAck('join', 'r'), [1, 1, 2]);
      leaving.close();
      assert.deepEqual(await gone.next(), { atOnce: [], after: none, left: [0, 0] });
      one.close();
    });
  });
}
