import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { EngineError } from '../../../src/shared/api/errors.ts';
import type { ServerHandle } from '../../../src/shared/api/public-types.ts';
import { NotMe } from '../../../src/shared/api/targets.ts';
import { AppConnection, type ConnectionLink } from '../../../src/shared/app/app-connection.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { FakeScope } from './fake-scope.ts';

/** A connection without a socket: it writes down what it is asked to do. */
class FakeLink implements ConnectionLink {
  readonly number = 7;
  readonly shard = 2;
  rooms: Set<string> | undefined;
  readonly codec: Codec;
  readonly answersAsks: boolean;
  readonly calls: unknown[][] = [];

  constructor(codec: Codec, answersAsks: boolean) {
    this.codec = codec;
    this.answersAsks = answersAsks;
  }

  send(message: unknown): void {
    this.calls.push(['send', message]);
  }

  join(room: string): void {
    this.calls.push(['join', room]);
    this.rooms ??= new Set();
    this.rooms.add(room);
  }

  leave(room: string): void {
    this.calls.push(['leave', room]);
    this.rooms?.delete(room);
  }

  disconnect(code: number, reason: string): void {
    this.calls.push(['disconnect', code, reason]);
  }
}

function connect({ answersAsks = false } = {}) {
  const scope = new FakeScope();
  const link = new FakeLink(scope.codec, answersAsks);
  const server = { endpoint: '/fake' } as ServerHandle;
  const request = { method: 'GET', url: '/fake', headers: {}, remoteAddress: '' };
  const face = new AppConnection(server, scope, link, { id: 'me', request, data: { user: 1 } });
  const log: unknown[] = [];
  return { face, link, scope, server, log };
}

test('a connection shows what it is', () => {
  const { face, server } = connect();
  assert.equal(face.id, 'me');
  assert.equal(face.shard, 2);
  assert.equal(face.server, server);
  assert.equal(face.request.url, '/fake');
  assert.deepEqual(face.data, { user: 1 });
  face.values.set('seen', true);
  assert.equal(face.values.get('seen'), true);
});

test('what comes is an event, a native message or an error', () => {
  const { face, log, scope } = connect();
  face.on('chat', (text) => log.push(['chat', text]));
  face.onMessage((message) => log.push(['message', message]));
  face.onError(({ code }) => log.push(['error', code]));
  face.receive('>chat;0;hello');
  face.receive('native');
  face.receive(Uint8Array.of(1));
  face.receive('>chat;9;x');
  assert.deepEqual(log, [
    ['chat', 'hello'],
    ['message', 'native'],
    ['message', Uint8Array.of(1)],
    ['error', 'ERR_MALFORMED_EVENT'],
  ]);
  assert.deepEqual(scope.reported, []);
});

test('what the peer does wrong is for nobody where nobody listens', () => {
  const { face, scope } = connect();
  face.receive('>chat;9;x');
  face.clientFailed(new EngineError('ERR_PROTOCOL', 'wrong'));
  assert.deepEqual(scope.reported, []);
});

test('what a handler throws is for onError, else for the server', () => {
  const { face, log, scope } = connect();
  face.on('chat', () => {
    throw new TypeError('oops');
  });
  face.receive('>chat;0;1');
  const [reported] = scope.reported;
  assert.deepEqual(
    [reported?.code, reported?.message],
    ['ERR_HANDLER', 'a handler of chat on /fake threw: oops'],
  );
  assert.ok(reported?.cause instanceof TypeError);
  face.onError(({ message }) => log.push(message));
  face.receive('>chat;0;2');
  assert.deepEqual(log, ['a handler of chat on /fake threw: oops']);
  assert.equal(scope.reported.length, 1);
});

test('an error of the library that a handler lets through stays what it is', () => {
  const { face, scope } = connect();
  face.on('chat', () => face.join(''));
  face.receive('>chat;0;1');
  assert.equal(scope.reported[0]?.code, 'ERR_ROOM_NAME');
});

test('what it emits is encoded; what it sends to others has it as the sender', () => {
  const { face, link, scope } = connect();
  face.emit('chat', 'hello');
  face.emitMessage('native');
  face.to('room').emit('chat', 'all');
  face.to(NotMe).emitMessage('others');
  assert.deepEqual(link.calls, [
    ['send', '>chat;0;hello'],
    ['send', 'native'],
  ]);
  assert.deepEqual(scope.published, [
    [{ room: 'room', except: 0 }, '>chat;0;all'],
    [{ room: '', except: 7 }, 'others'],
  ]);
});

test('it joins a room once, and the room of its own id never', () => {
  const { face, link } = connect();
  face.join('red');
  face.join('red');
  face.join('me');
  assert.deepEqual(link.calls, [['join', 'red']]);
  assert.deepEqual([...face.rooms], ['me', 'red']);
  assert.deepEqual(
    ['me', 'red', 'blue'].map((room) => face.isJoined(room)),
    [true, true, false],
  );
});

test('it is in maxRooms rooms at most', () => {
  const { face } = connect();
  face.join('red');
  face.join('blue');
  assert.throws(() => face.join('green'), { code: 'ERR_ROOM_LIMIT', message: /maxRooms \(2\)/ });
  face.leave('red');
  face.join('green');
  assert.deepEqual([...face.rooms], ['me', 'blue', 'green']);
});

test('it leaves what it has joined, and onLeave is told', () => {
  const { face, link, log } = connect();
  face.onLeave((room) => log.push(room));
  face.join('red');
  assert.equal(face.leave('red'), true);
  assert.equal(face.leave('red'), false);
  assert.equal(face.leave('me'), false);
  assert.deepEqual(log, ['red']);
  assert.deepEqual(link.calls, [
    ['join', 'red'],
    ['leave', 'red'],
  ]);
});

test('the rooms that it shows are a copy', () => {
  const { face } = connect();
  const { rooms } = face;
  face.join('red');
  assert.deepEqual([...rooms], ['me']);
});

test('after disconnect it receives nothing, but hears of its end', () => {
  const { face, link, log } = connect();
  face.on('chat', () => log.push('chat'));
  face.onPing(() => log.push('ping'));
  face.onDisconnect((reason) => log.push(reason));
  assert.throws(() => face.disconnect(1005), { code: 'ERR_CLOSE_CODE' });
  face.receive('>chat;0;before');
  face.disconnect();
  face.receive('>chat;0;after');
  face.tell('ping', Uint8Array.of());
  face.ended([], { code: 1000, reason: '' });
  assert.deepEqual(log, ['chat', { code: 1000, reason: '' }]);
  assert.deepEqual(link.calls, [['disconnect', 1000, '']]);
});

test('after disconnect it is still told of what it loses', () => {
  const { face, log } = connect();
  face.onBackpressure((backpressure) => log.push(backpressure));
  face.disconnect();
  const lost = { state: 'closed', queuedBytes: 9, droppedMessages: 2, droppedBytes: 7 } as const;
  face.tell('backpressure', lost);
  assert.deepEqual(log, [lost]);
});

test('its end is told once: of each room, of that of its id, and then of all', () => {
  const { face, log } = connect();
  face.onLeave((room) => log.push(`leave ${room}`));
  face.onDisconnect(({ code }) => log.push(`disconnect ${code} of ${face.rooms.size} rooms`));
  face.join('red');
  face.ended(['red'], { code: 4000, reason: '' });
  face.ended(['red'], { code: 1006, reason: '' });
  assert.deepEqual(log, ['leave red', 'leave me', 'disconnect 4000 of 0 rooms']);
});

test('what it does after its end has no effect, and is checked all the same', () => {
  const { face, link } = connect();
  face.ended([], { code: 1000, reason: '' });
  face.emit('chat', 'x');
  face.emitMessage('x');
  face.join('red');
  face.disconnect();
  assert.equal(face.leave('red'), false);
  assert.equal(face.isJoined('me'), false);
  assert.deepEqual(link.calls, []);
  assert.throws(() => face.emit('a;b', 'x'), { code: 'ERR_EVENT_NAME' });
  assert.throws(() => face.disconnect(1), { code: 'ERR_CLOSE_CODE' });
});
