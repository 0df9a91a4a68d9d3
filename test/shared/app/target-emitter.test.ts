import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { EngineError } from '../../../src/shared/api/errors.ts';
import { checkRoomName } from '../../../src/shared/api/room-name.ts';
import { All, Broadcast, NotMe, type Target } from '../../../src/shared/api/targets.ts';
import { AppConnection } from '../../../src/shared/app/app-connection.ts';
import { AppServer } from '../../../src/shared/app/app-server.ts';
import { TargetEmitter } from '../../../src/shared/app/target-emitter.ts';
import type { AckResult } from '../../../src/shared/ask/ask.ts';
import { NOBODY, selectionOf } from '../../../src/shared/spread/selection.ts';
import { FakeVerbs } from './fake-verbs.ts';

/** A connection of '/fake' whose client speaks text. */
function connect() {
  const verbs = new FakeVerbs();
  const { codec } = verbs;
  const none = () => assert.fail('nothing is sent');
  const link = { number: 1, shard: 1, rooms: undefined, codec, answersAsks: true };
  const ends = { disconnect: none, refuse: none, concluded: none, hold: none, release: none };
  const verbsOfLink = { send: none, sendProbeAnswer: none, join: none, leave: none, ...ends };
  const request = { method: 'GET', url: '/fake', headers: {}, remoteAddress: '' };
  const identity = { id: 'me', request, data: undefined };
  const server = new AppServer(verbs);
  return { connection: new AppConnection(server, verbs, { ...link, ...verbsOfLink }, identity) };
}

test('an event is encoded once, and published for its target and sender', () => {
  const verbs = new FakeVerbs();
  new TargetEmitter(verbs, selectionOf('room', 7)).emit('chat', 'hello');
  new TargetEmitter(verbs, selectionOf(All, NOBODY)).emit('ready');
  new TargetEmitter(verbs, selectionOf(NotMe, 7)).emit('count', 5);
  assert.deepEqual(verbs.published, [
    [{ room: 'room', except: NOBODY }, '>chat;0;hello'],
    [{ room: '', except: NOBODY }, '>ready;0;'],
    [{ room: '', except: 7 }, '>count;1;5'],
  ]);
});

test('a native message is published as it is', () => {
  const verbs = new FakeVerbs();
  const bytes = Uint8Array.of(1, 2);
  new TargetEmitter(verbs, selectionOf('room', 7)).emitMessage('hello');
  new TargetEmitter(verbs, selectionOf('room', 7)).emitMessage(bytes);
  assert.deepEqual(verbs.published, [
    [{ room: 'room', except: NOBODY }, 'hello'],
    [{ room: 'room', except: NOBODY }, bytes],
  ]);
});

test('what cannot be encoded is published to nobody', () => {
  const verbs = new FakeVerbs();
  const emitter = new TargetEmitter(verbs, selectionOf(All, NOBODY));
  assert.throws(() => emitter.emit('a;b', 'x'), { code: 'ERR_EVENT_NAME' });
  assert.throws(() => emitter.emit('x'.repeat(17)), { code: 'ERR_EVENT_NAME' });
  assert.throws(() => emitter.emit('chat', () => {}), { code: 'ERR_PAYLOAD' });
  assert.throws(() => emitter.emitMessage(5 as unknown as string), { code: 'ERR_PAYLOAD' });
  assert.deepEqual(verbs.published, []);
});

/** A server of which nobody is there. */
class EmptyVerbs extends FakeVerbs {
  override publish(): void {}

  override async ask(): Promise<AckResult> {
    return { answers: [], missing: [], silentShards: [] };
  }
}

test('misuse is refused where nobody is there to send to', async () => {
  const emitter = new TargetEmitter(new EmptyVerbs(), selectionOf('room', NOBODY));
  for (const event of ['a;b', '', 'x'.repeat(17)]) {
    assert.throws(() => emitter.emit(event), { code: 'ERR_EVENT_NAME' });
    await assert.rejects(emitter.emitWithAck(event), { code: 'ERR_EVENT_NAME' });
  }
  for (const payload of [() => {}, Symbol('s')]) {
    assert.throws(() => emitter.emit('chat', payload), { code: 'ERR_PAYLOAD' });
    await assert.rejects(emitter.emitWithAck('chat', payload), { code: 'ERR_PAYLOAD' });
  }
  for (const data of [5, {}, null, undefined]) {
    assert.throws(() => emitter.emitMessage(data as unknown as string), { code: 'ERR_PAYLOAD' });
  }
});

test('what is for nobody is not encoded', async () => {
  const emitter = new TargetEmitter(new EmptyVerbs(), selectionOf('room', NOBODY));
  const payload = { toJSON: () => assert.fail('encoded') };
  emitter.emit('chat', payload);
  emitter.emit('chat', 1n); // some codec might carry it
  emitter.emit('chat');
  emitter.emitMessage(Uint8Array.of(1));
  await emitter.emitWithAck('chat', payload);
});

test('what is no target is refused, and never means everyone', () => {
  const verbs = new FakeVerbs();
  for (const target of [
    undefined,
    null,
    0,
    {},
    ['room', 0],
    ['room', undefined],
    Symbol('NotMe'),
  ]) {
    assert.throws(() => new TargetEmitter(verbs, selectionOf(target as Target, NOBODY)), {
      code: 'ERR_ROOM_NAME',
    });
  }
});

test('an id may be longer than the name of a room', () => {
  const verbs = new FakeVerbs();
  const id = 'an id of more than 8 bytes';
  new TargetEmitter(verbs, selectionOf(id, NOBODY)).emitMessage('hello');
  assert.equal(verbs.published[0]?.[0].room, id);
  assert.throws(() => new TargetEmitter(verbs, selectionOf('x'.repeat(65_536), NOBODY)), {
    code: 'ERR_ROOM_NAME',
  });
});

test('the name of a room is counted in bytes, and is whole characters', () => {
  for (const room of ['x', '12345678', 'éééé', '😀😀']) checkRoomName(room, 8);
  for (const room of ['123456789', 'ééééx', '😀😀x']) {
    assert.throws(() => checkRoomName(room, 8), { code: 'ERR_ROOM_NAME', message: /9 bytes.*8/ });
  }
  for (const half of ['a\ud800', '\udc00', 'a\ude00\ud83d']) {
    assert.throws(() => checkRoomName(half, 8), { code: 'ERR_ROOM_NAME', message: /surrogate/ });
  }
  assert.throws(() => checkRoomName('', 8), { code: 'ERR_ROOM_NAME', message: /non-empty/ });
});

test('Broadcast is another name of NotMe, which no text can be', () => {
  assert.equal(Broadcast, NotMe);
  assert.equal(typeof NotMe, 'symbol');
});

test('reserved names are refused, whether somebody is there or nobody', async () => {
  const { connection } = connect();
  for (const verbs of [new FakeVerbs(), new EmptyVerbs()]) {
    const emitter = new TargetEmitter(verbs, selectionOf('room', NOBODY));
    for (const sender of [emitter, connection]) {
      const refused = { code: 'ERR_EVENT_NAME', message: /reserved: fanring:x/ };
      assert.throws(() => sender.emit('fanring:x', 1), refused);
    }
    await assert.rejects(connection.emitWithAck('fanring:x'), { code: 'ERR_EVENT_NAME' });
    assert.deepEqual(verbs.published, []);
  }
  const asking = new TargetEmitter(new EmptyVerbs(), selectionOf('room', NOBODY));
  await assert.rejects(asking.emitWithAck('fanring:x'), { code: 'ERR_EVENT_NAME' });
});

test('what cannot be encoded is named: event, receivers, server and codec', async () => {
  const why = 'where a client speaks text: cannot encode: Do not know how to serialize a BigInt';
  const refused = (what: string) => (error: EngineError) => {
    assert.equal(error.message, `'price' to ${what}, ${why}`);
    assert.equal(error.code, 'ERR_PAYLOAD');
    assert.ok(error.cause instanceof TypeError);
    return true;
  };
  for (const [target, what] of [
    ['r', "'r'"],
    [All, 'all'],
    [NotMe, 'all'],
    [['a', 'b'], "'a', 'b'"],
    [['a', 'b', 'c', 'd'], "'a', 'b', 'c', …"],
  ] as const) {
    const emitter = new TargetEmitter(new FakeVerbs(), selectionOf(target, 7));
    assert.throws(() => emitter.emit('price', [1n]), refused(`${what} of /fake`));
  }
  const { connection } = connect();
  assert.throws(() => connection.emit('price', 1n), refused('connection me of /fake'));
  await assert.rejects(connection.emitWithAck('price', 1n), refused('connection me of /fake'));
});
