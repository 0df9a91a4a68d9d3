import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EngineError, Ws } from '../../../src/client/index.ts';
import type { Connection as ModuleConnection } from '../../../src/main/index.ts';
import { Engine, NotMe, type Server } from '../../../src/main/index.ts';
import { open, Told, told } from '../connect.ts';

/** One declaration for both ends. */
interface Events {
  chat: string;
  ready: undefined;
  position: { x: number; y: number };
  sum: (numbers: number[]) => number;
  load: (id: string) => Promise<{ name: string }>;
}

/** Payloads of which each is a union, or may be left out. */
interface Unions {
  flag: boolean;
  light: 'on' | 'off';
  name: string | null;
  shape: { x: number } | { y: string };
  ready: undefined;
  note: string | undefined;
  set: (flag: boolean) => 'yes' | 'no';
  next: () => number;
  step: (by?: number) => number | undefined;
}

/** The types of both values are the same, and not merely assignable. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(isSame: Same<A, B>) => isSame;

test('what compiles on both ends works: events, questions and answers', async () => {
  await using engine = new Engine({ shards: 0 });
  const server = engine.server<Events>({ endpoint: '/chat' });
  server.onConnection((connection) => {
    connection.on('sum', (numbers) => numbers.reduce((sum, n) => sum + n, 0));
    connection.on('load', async (id) => ({ name: `of ${id}` }));
    connection.on('position', ({ x, y }) => connection.emit('position', { x: y, y: x }));
  });
  const { port } = await engine.listen(0, { host: '127.0.0.1' });
  const ws = open<Events>({ host: `127.0.0.1:${port}` }, null, { reconnect: false });

  const sum = await ws.emitWithAck('sum', [1, 2, 3], { timeoutMs: 5000 });
  assert.ok(same<typeof sum, number>(true));
  assert.equal(sum, 6);
  const loaded = await ws.emitWithAck('load', 'a');
  assert.ok(same<typeof loaded, { name: string }>(true));
  assert.deepEqual(loaded, { name: 'of a' });
  const position = told<Events['position']>((fn) => ws.on('position', fn));
  ws.emit('position', { x: 1, y: 2 });
  assert.deepEqual(await position, { x: 2, y: 1 });

  ws.on('load', async (id) => ({ name: `client of ${id}` }));
  const { answers } = await server.to(NotMe).emitWithAck('load', 'b');
  assert.ok(same<(typeof answers)[number]['payload'], { name: string }>(true));
  assert.deepEqual(
    answers.map(({ payload }) => payload),
    [{ name: 'client of b' }],
  );
});

test('without a declaration everything goes, and a handler says what it expects', () => {
  const ws = new Ws('ws://127.0.0.1:1/', null, { reconnect: false });
  ws.on('anything', (payload: { a: string }) => payload.a);
  ws.emit('anything', 1);
  ws.emit('anything');
  const answer = ws.emitWithAck('anything');
  assert.ok(same<typeof answer, Promise<unknown>>(true));
  answer.catch(() => {});
  ws.close();
});

test('a payload that is left out arrives as no payload does in its codec', async () => {
  await using engine = new Engine({ shards: 0 });
  const server = engine.server<Unions>({ endpoint: '/chat', codec: 'negotiate' });
  const arrived = new Told<unknown>((fn) =>
    server.onConnection((connection) => connection.on('note', fn)),
  );
  const { port } = await engine.listen(0, { host: '127.0.0.1' });
  for (const [codec, payload] of [
    ['text', ''],
    ['msgpack', null],
  ] as const) {
    const ws = open<Unions>({ host: `127.0.0.1:${port}` }, null, { codec, reconnect: false });
    ws.emit('note');
    assert.equal(await arrived.next(), payload);
  }
});

/* What follows is only compiled: each line that is expected not to must not. */

export function wrongInClient(ws: Ws<Events>): void {
  ws.emit('chat', 'hello');
  ws.emit('ready');
  ws.emit('sum', [1]);
  ws.volatile.emit('position', { x: 1, y: 1 });
  // @ts-expect-error there is no such event
  ws.emit('chatt', 'hello');
  // @ts-expect-error the payload is a string
  ws.emit('chat', 1);
  // @ts-expect-error the payload is not left out
  ws.emit('chat');
  // @ts-expect-error the payload is the parameter of the function
  ws.emit('sum', 'x');
  // @ts-expect-error a part of the payload is missing
  ws.volatile.emit('position', { x: 1 });
  // @ts-expect-error there is no such event
  ws.volatile.emit('chatt', 'hello');
  // @ts-expect-error the payload is a string
  ws.Emit('chat', 1);

  ws.on('chat', (text) => text.length);
  // @ts-expect-error there is no such event
  ws.on('chatt', () => {});
  // @ts-expect-error a string has no x
  ws.on('chat', (text) => text.x);
  // @ts-expect-error the answer is a number
  ws.on('sum', () => 'six');
  // @ts-expect-error the answer has a name
  ws.on('load', async () => ({}));
  // @ts-expect-error there is no such event
  ws.On('chatt', () => {});
}

export function unions(ends: Pick<Ws<Unions>, 'on'> | Pick<ModuleConnection<Unions>, 'on'>): void {
  const { on } = ends;
  on('flag', (flag) => same<typeof flag, boolean>(true));
  on('flag', (flag: boolean) => flag);
  on('flag', (flag: boolean | string) => flag); // it takes more than may come
  // @ts-expect-error false may come, too
  on('flag', (flag: true) => flag);
  // @ts-expect-error a string never comes
  on('flag', (flag: string) => flag);
  on('light', (light: 'on' | 'off') => light);
  // @ts-expect-error 'off' may come, too
  on('light', (light: 'on') => light);
  on('name', (name: string | null) => name);
  on('name', async (name) => name?.length);
  // @ts-expect-error null may come, too
  on('name', (name: string) => name);
  on('shape', (shape) => ('x' in shape ? shape.x : shape.y));
  // @ts-expect-error it may have y
  on('shape', ({ x }: { x: number }) => x);
  on('set', (flag) => (flag ? 'yes' : 'no'));
  on('set', (flag: boolean) => (flag ? 'yes' : 'no'));
  on('set', async (flag) => (flag ? 'yes' : 'no'));
  on('set', () => {});
  // @ts-expect-error false may be asked, too
  on('set', (flag: true) => (flag ? 'yes' : 'no'));
  // @ts-expect-error that is no answer
  on('set', () => 'maybe');
}

type End = Pick<Ws<Unions>, 'on' | 'emit' | 'emitWithAck'>;

export function payloadsLeftOut(ws: Ws<Unions>, connection: ModuleConnection<Unions>): void {
  for (const end of [ws, connection] as End[]) {
    end.on('ready', () => {});
    // @ts-expect-error it has no payload
    end.on('ready', (payload) => payload);
    end.on('note', (note) => same<typeof note, string | null>(true));
    // @ts-expect-error what is left out arrives as '' or null
    end.on('note', (note: string | undefined) => note);
    end.on('next', () => 1);
    // @ts-expect-error it has no payload
    end.on('next', (payload: string) => payload.length);
    end.on('step', (by) => (by ? by + 1 : undefined));
    end.emit('ready');
    end.emit('note');
    end.emit('note', 'x');
    end.emitWithAck('next').catch(() => {});
    end.emitWithAck('next', undefined, { timeoutMs: 5 }).catch(() => {});
    end.emitWithAck('step', 2).catch(() => {});
    // @ts-expect-error it has no payload
    end.emit('ready', 1);
    // @ts-expect-error it has no payload
    end.emitWithAck('next', 5).catch(() => {});
    // @ts-expect-error a boolean, no string
    end.emit('flag', 'x');
  }
}

export async function wrongQuestionsOfClient(ws: Ws<Events>): Promise<void> {
  // @ts-expect-error nothing is answered to chat
  await ws.emitWithAck('chat', 'hello');
  // @ts-expect-error the payload is an array
  await ws.emitWithAck('sum', 1);
  // @ts-expect-error the payload is not left out
  await ws.emitWithAck('sum');
  // @ts-expect-error the answer is a number
  const text: string = await ws.emitWithAck('sum', [1]);
  // @ts-expect-error there is no such option
  await ws.emitWithAck('sum', [1], { timeout: 1 });
  assert.ok(text);
}

export function wrongOptions(): void {
  // @ts-expect-error there is no such option
  new Ws('/chat', null, { recconnect: false });
  // @ts-expect-error there is no such codec
  new Ws('/chat', null, { codec: 'json' });
  // @ts-expect-error true is not a way to connect anew
  new Ws('/chat', null, { reconnect: true });
  // @ts-expect-error there is no such code
  const code: EngineError['code'] = 'ERR_NOTHING';
  assert.ok(code);
}

export async function wrongInServer(server: Server<Events>): Promise<void> {
  server.to('room').emit('chat', 'hello');
  // @ts-expect-error there is no such event
  server.to('room').emit('chatt', 'hello');
  // @ts-expect-error the payload is a string
  server.to('room').emit('chat', 1);
  // @ts-expect-error nothing is answered to chat
  await server.to('room').emitWithAck('chat', 'hello');
  const { answers } = await server.to('room').emitWithAck('sum', [1]);
  // @ts-expect-error the answers are numbers
  const texts: string[] = answers.map(({ payload }) => payload);
  assert.ok(texts);
}

export async function wrongInConnection(connection: ModuleConnection<Events>): Promise<void> {
  connection.emit('ready');
  connection.to('room').emit('position', { x: 1, y: 1 });
  // @ts-expect-error there is no such event
  connection.on('chatt', () => {});
  // @ts-expect-error the answer is a number
  connection.on('sum', () => 'six');
  // @ts-expect-error the payload is a string
  connection.emit('chat', 1);
  // @ts-expect-error there is no such event
  connection.to('room').emit('chatt', 'hello');
  // @ts-expect-error the payload is a string
  await connection.emitWithAck('load', 1);
  // @ts-expect-error the answer has a name
  const id: { id: string } = await connection.emitWithAck('load', 'a');
  assert.ok(id);
}
