import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { z } from 'zod';
import { Ws } from '../../../src/client/index.ts';
import {
  type AckResult,
  type Connection,
  type Engine,
  type EventsOf,
  type HandlerModule,
  type Server,
  type WithExpiry,
  withExpiry,
} from '../../../src/main/index.ts';
import { Told } from '../../client/connect.ts';
import { type Events, events } from '../fixtures/checked-events.ts';
import { withEngine } from '../kit/test-engine.ts';

/** Is only called with two types that are the same. */
function same<A, B>(
  _: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false,
): void {}

test('schemas type both ends, and it runs', async () => {
  await withEngine({ shards: 1 }, async ({ engine, port }) => {
    const server = engine.server({ endpoint: '/a', events, authorize: () => ({ user: 'ann' }) });
    server.onConnection((c) => {
      same<typeof c.data, { user: string }>(true);
      c.on('at', (date) => c.emit('at', date.toISOString()));
      c.on('sum', (numbers) => numbers.length + c.data.user.length);
      c.on('ready', async () => {
        const length: number = await c.emitWithAck('length', 'x');
        c.emit('chat', { text: `${length}` });
      });
    });
    const ws = new Ws<Events>(`ws://127.0.0.1:${port}/a`, null, { reconnect: false });
    const closed = new Promise<unknown>((resolve) => ws.onDisconnect(resolve));
    const at = new Told<string>((fn) => ws.on('at', fn));
    const chat = new Told<{ text: string }>((fn) => ws.on('chat', fn));
    ws.on('length', (text) => `${text} has one`);
    ws.emit('at', '2026-11-30T00:00:00Z');
    assert.equal(await at.next(), '2026-11-30T00:00:00.000Z');
    const sum: number = await ws.emitWithAck('sum', [1, 2]);
    assert.equal(sum, 5);
    ws.emit('ready');
    assert.deepEqual(await chat.next(), { text: '9' });
    ws.close();
    await closed;
  });
});

/* What follows is only compiled: each line that is expected not to must not. */

export function forms(c: Connection<Events>, ws: Ws<Events>, server: Server<Events>): void {
  c.on('at', (date) => same<typeof date, Date>(true));
  ws.on('at', (text) => same<typeof text, string>(true));
  c.on('ready', (nothing) => same<typeof nothing, undefined>(true));
  c.on('ready', () => {});
  ws.on('ready', () => {});
  c.onAny((event, payload) => event === 'at' && payload.getTime());
  same<Parameters<typeof ws.emit<'shout'>>[1], string>(true);
  for (const emitter of [c, c.to('room'), server.to('room'), ws]) {
    emitter.emit('at', '2026-11-30T00:00:00Z');
    emitter.emit('ready');
    // @ts-expect-error a text is sent
    emitter.emit('at', new Date());
    // @ts-expect-error there is no such event
    emitter.emit('chatt', 'x');
    // @ts-expect-error the text is missing
    emitter.emit('chat', {});
  }
  // @ts-expect-error the answer is a number
  c.on('sum', () => 'six');
  // @ts-expect-error a text is sent, which becomes a number
  c.on('length', () => 6);
  // @ts-expect-error a date has no length
  c.on('at', (date) => date.length);
  // @ts-expect-error a text comes
  ws.on('at', (text: Date) => text);
}

export async function answers(c: Connection<Events>, ws: Ws<Events>): Promise<void> {
  const text = await ws.emitWithAck('length', 'x');
  same<typeof text, string>(true);
  const length: number = await c.emitWithAck('length', 'x');
  const result: AckResult<number> = await c.to('room').emitWithAck('length', 'x');
  // @ts-expect-error nothing is answered to chat
  await c.emitWithAck('chat', { text: 'x' });
  // @ts-expect-error nothing is answered to chat
  await ws.emitWithAck('chat', { text: 'x' });
  // @ts-expect-error the payload is an array
  await ws.emitWithAck('sum', 'x');
  assert.ok([length, result]);
}

export function declarations(engine: Engine): void {
  const plain = { chat: z.string(), sum: { payload: z.number(), answer: z.string() } };
  same<EventsOf<typeof plain>['chat'], string>(true);
  same<EventsOf<typeof plain>['sum'], (payload: number) => string>(true);
  const paid = { sum: { payload: z.number() } };
  same<EventsOf<typeof paid>['sum'], number>(true);
  const module: HandlerModule<EventsOf<typeof plain>, { user: string }> = {
    events: plain,
    onConnection: (c) => c.data.user,
  };
  // @ts-expect-error a text is no schema
  engine.server({ endpoint: '/b', events: { chat: 'string' } });
  // @ts-expect-error the member is called payload
  engine.server({ endpoint: '/b', events: { chat: { payloads: z.string() } } });
  assert.ok(module);
}

export function data(engine: Engine): void {
  interface User {
    readonly name: string;
  }
  const async = engine.server({ authorize: async (): Promise<User | false> => false });
  async.onConnection((c) => same<typeof c.data, User>(true));
  const named = engine.server<Events, User>({ authorize: () => ({ name: 'ann' }) });
  named.onConnection((c) => same<typeof c.data, User>(true));
  // @ts-expect-error a user has a name
  engine.server<Events, User>({ authorize: () => ({}) });
  engine.server<Events, User>({ authorize: async () => ({ name: 'ann' }) });
  const expiring = engine.server({
    authorize: async ({ token }) =>
      token !== undefined && withExpiry({ name: token }, Date.now() + 1),
  });
  expiring.onConnection((c) => {
    same<typeof c.data, { name: string }>(true);
    c.onDataChange((user) => same<typeof user, { name: string }>(true));
  });
  const brief = engine.server({
    authorize: (): WithExpiry<User> => withExpiry({ name: 'a' }, 2e12),
  });
  brief.onConnection((c) => same<typeof c.data, User>(true));
  // Data of an app with the same properties is what it is.
  const alike = engine.server({ authorize: () => ({ data: 1, expiresAt: 2 }) });
  alike.onConnection((c) => same<typeof c.data, { data: number; expiresAt: number }>(true));
  const none = engine.server({});
  none.onConnection((c) => same<typeof c.data, unknown>(true));
  // One who knows less takes what comes.
  async.onConnection((c: Connection) => c.id);
  // @ts-expect-error the data of this server has no age
  async.onConnection((c) => c.data.age);
}
