import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Ws } from '../../../src/client/index.ts';
import type {
  AckResult,
  Connection,
  Engine,
  HandlerModule,
  Server,
} from '../../../src/main/index.ts';
import { Told } from '../../client/connect.ts';
import { type Events, onConnection } from '../fixtures/typed-handlers.ts';
import { SETUPS, withEngine } from '../kit/test-engine.ts';

const HANDLERS = new URL('../fixtures/typed-handlers.ts', import.meta.url);

for (const { place, shards } of SETUPS) {
  test(`one declaration types both ends, and it runs: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const options = place === 'module' ? { handlers: HANDLERS } : {};
      const server = engine.server<Events>({ endpoint: '/a', ...options });
      if (place === 'closures') server.onConnection(onConnection);
      const ws = new Ws<Events>(`ws://127.0.0.1:${port}/a`, null, { reconnect: false });
      const closed = new Promise<unknown>((resolve) => ws.onDisconnect(resolve));
      const chat = new Told<Events['chat']>((fn) => ws.on('chat', fn));
      const heard = new Told<Events['heard']>((fn) => ws.on('heard', fn));
      const moved = new Told<Events['position']>((fn) => ws.on('position', fn));
      ws.on('sum', (numbers) => numbers.length);
      ws.on('load', async (id) => ({ name: `client of ${id}` }));

      const sum: number = await ws.emitWithAck('sum', [1, 2, 3]);
      assert.equal(sum, 6, 'a handler that only listens answers nothing');
      const loaded: { name: string } = await ws.emitWithAck('load', 'a');
      assert.deepEqual(loaded, { name: 'a 2.0' });
      ws.emit('position', { x: 1, y: 2 });
      assert.deepEqual(await moved.next(), { x: 2, y: 1 });
      ws.emit('ready');
      assert.equal(await chat.next(), 'client of all');
      assert.deepEqual(await heard.next(), { total: 3 });
      const result: AckResult<number> = await server.to('room').emitWithAck('sum', [1, 2]);
      assert.deepEqual(
        result.answers.map(({ payload }) => payload),
        [2],
      );
      ws.close();
      await closed;
    });
  });
}

/* What follows is only compiled: each line that is expected not to must not. */

export function wrongInListeners(c: Connection<Events>, ws: Ws<Events>): void {
  const log: string[] = [];
  for (const side of [c, ws]) {
    // Who listens to an event that is answered may return nothing, now or later.
    side.on('sum', (numbers) => log.push(`${numbers.length}`));
    side.on('sum', () => {});
    side.on('sum', async () => {});
    side.on('load', async (id) => void log.push(id));
    side.on('load', (id) => (id === '' ? undefined : { name: id }));
    // @ts-expect-error the answer is a number
    side.on('sum', () => 'six');
    // @ts-expect-error the answer is a number, later too
    side.on('sum', async () => 'six');
    // @ts-expect-error the answer has a name
    side.on('load', async () => ({ id: 'a' }));
    // @ts-expect-error the payload is an array
    side.on('sum', (numbers: string) => numbers.length);
    // @ts-expect-error a string has no x
    side.on('chat', (text) => text.x);
    // @ts-expect-error there is no such event
    side.on('chatt', () => {});
  }
}

export function wrongInEmits(c: Connection<Events>, server: Server<Events>): void {
  for (const emitter of [c, c.to('room'), c.server.to('room'), server.to('room')]) {
    emitter.emit('ready');
    emitter.emit('sum', [1]); // without asking
    // @ts-expect-error there is no such event
    emitter.emit('chatt', 'hello');
    // @ts-expect-error the payload is a string
    emitter.emit('chat', 1);
    // @ts-expect-error the payload is not left out
    emitter.emit('chat');
    // @ts-expect-error there is none
    emitter.emit('ready', 1);
    // @ts-expect-error a part of the payload is missing
    emitter.emit('position', { x: 1 });
    // @ts-expect-error the payload is the parameter of the function
    emitter.emit('load', { name: 'a' });
  }
}

export async function wrongInQuestions(c: Connection<Events>, server: Server<Events>) {
  // @ts-expect-error nothing is answered to chat
  await c.emitWithAck('chat', 'hello');
  // @ts-expect-error there is no such event
  await c.emitWithAck('summ', [1]);
  // @ts-expect-error the payload is not left out
  await c.emitWithAck('sum');
  // @ts-expect-error there is no such option
  await c.emitWithAck('sum', [1], { timeout: 1 });
  // @ts-expect-error the answer is a number
  const text: string = await c.emitWithAck('sum', [1]);
  for (const emitter of [c.to('room'), c.server.to('room'), server.to('room')]) {
    // @ts-expect-error nothing is answered to ready
    await emitter.emitWithAck('ready');
    // @ts-expect-error the payload is a string
    await emitter.emitWithAck('load', 1);
    // @ts-expect-error the answers have a name
    const wrong: AckResult<number> = await emitter.emitWithAck('load', 'a');
    assert.ok(wrong);
  }
  return text;
}

export function wrongInPlaces(engine: Engine, server: Server<Events>): void {
  server.onConnection(onConnection);
  const whole: HandlerModule<Events> = { onConnection };
  // @ts-expect-error a module has onConnection
  const empty: HandlerModule<Events> = {};
  // @ts-expect-error an event map is an object
  engine.server<string>({ endpoint: '/c' });
  assert.ok([whole, empty]);
}
