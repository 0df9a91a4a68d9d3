import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { EngineError } from '../../../src/shared/api/errors.ts';
import type { ServerHandle } from '../../../src/shared/api/public-types.ts';
import { NotMe } from '../../../src/shared/api/targets.ts';
import { AppConnection } from '../../../src/shared/app/app-connection.ts';
import type { ConnectionLink } from '../../../src/shared/app/connection-link.ts';
import type { Codec } from '../../../src/shared/codec/codec.ts';
import { FakeVerbs } from './fake-verbs.ts';

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

  sendProbeAnswer(message: unknown): void {
    this.calls.push(['sendProbeAnswer', message]);
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

  refuse({ status }: { status: number }): void {
    this.calls.push(['refuse', status]);
  }

  concluded(): void {
    this.calls.push(['concluded']);
  }

  hold(): void {
    this.calls.push(['hold']);
  }

  release(): void {
    this.calls.push(['release']);
  }
}

function connect({ answersAsks = false } = {}) {
  const verbs = new FakeVerbs();
  const link = new FakeLink(verbs.codec, answersAsks);
  const server = { endpoint: '/fake' } as ServerHandle;
  const request = { method: 'GET', url: '/fake', headers: {}, remoteAddress: '' };
  const connection = new AppConnection(server, verbs, link, {
    id: 'me',
    request,
    data: { user: 1 },
  });
  const log: unknown[] = [];
  return { connection, link, verbs, server, log };
}

test('a connection shows what it is', () => {
  const { connection, server } = connect();
  assert.equal(connection.id, 'me');
  assert.equal(connection.shard, 2);
  assert.equal(connection.server, server);
  assert.equal(connection.request.url, '/fake');
  assert.deepEqual(connection.data, { user: 1 });
  connection.values.set('seen', true);
  assert.equal(connection.values.get('seen'), true);
});

test('what comes is an event, a native message or an error', () => {
  const { connection, log, verbs } = connect();
  connection.on('chat', (text) => log.push(['chat', text]));
  connection.onMessage((message) => log.push(['message', message]));
  connection.onError(({ code }) => log.push(['error', code]));
  connection.receive('>chat;0;hello');
  connection.receive('native');
  connection.receive(Uint8Array.of(1));
  connection.receive('>chat;9;x');
  assert.deepEqual(log, [
    ['chat', 'hello'],
    ['message', 'native'],
    ['message', Uint8Array.of(1)],
    ['error', 'ERR_MALFORMED_EVENT'],
  ]);
  assert.deepEqual(verbs.reported, []);
});

test('what the peer does wrong is for nobody where nobody listens', () => {
  const { connection, verbs } = connect();
  connection.receive('>chat;9;x');
  connection.clientFailed(new EngineError('ERR_PROTOCOL', 'wrong'));
  assert.deepEqual(verbs.reported, []);
});

test('what a handler throws is for onError, else for the server', () => {
  const { connection, log, verbs } = connect();
  connection.on('chat', () => {
    throw new TypeError('oops');
  });
  connection.receive('>chat;0;1');
  const [reported] = verbs.reported;
  assert.deepEqual(
    [reported?.code, reported?.message],
    ['ERR_HANDLER', 'a handler of chat on /fake threw: oops'],
  );
  assert.ok(reported?.cause instanceof TypeError);
  connection.onError(({ message }) => log.push(message));
  connection.receive('>chat;0;2');
  assert.deepEqual(log, ['a handler of chat on /fake threw: oops']);
  assert.equal(verbs.reported.length, 1);
});

test('an error of the library that a handler lets through stays what it is', () => {
  const { connection, verbs } = connect();
  connection.on('chat', () => connection.join(''));
  connection.receive('>chat;0;1');
  assert.equal(verbs.reported[0]?.code, 'ERR_ROOM_NAME');
});

test('what it emits is encoded; what it sends to others has it as the sender', () => {
  const { connection, link, verbs } = connect();
  connection.emit('chat', 'hello');
  connection.emitMessage('native');
  connection.to('room').emit('chat', 'all');
  connection.to(NotMe).emitMessage('others');
  assert.deepEqual(link.calls, [
    ['send', '>chat;0;hello'],
    ['send', 'native'],
  ]);
  assert.deepEqual(verbs.published, [
    [{ room: 'room', except: 0 }, '>chat;0;all'],
    [{ room: '', except: 7 }, 'others'],
  ]);
});

test('it joins a room once, and the room of its own id never', () => {
  const { connection, link } = connect();
  connection.join('red');
  connection.join('red');
  connection.join('me');
  assert.deepEqual(link.calls, [['join', 'red']]);
  assert.deepEqual([...connection.rooms], ['me', 'red']);
  assert.deepEqual(
    ['me', 'red', 'blue'].map((room) => connection.isJoined(room)),
    [true, true, false],
  );
});

test('it is in maxRooms rooms at most', () => {
  const { connection } = connect();
  connection.join('red');
  connection.join('blue');
  assert.throws(() => connection.join('green'), {
    code: 'ERR_ROOM_LIMIT',
    message: /maxRooms \(2\)/,
  });
  connection.leave('red');
  connection.join('green');
  assert.deepEqual([...connection.rooms], ['me', 'blue', 'green']);
});

test('it leaves what it has joined, and onLeave is told', () => {
  const { connection, link, log } = connect();
  connection.onLeave((room) => log.push(room));
  connection.join('red');
  assert.equal(connection.leave('red'), true);
  assert.equal(connection.leave('red'), false);
  assert.equal(connection.leave('me'), false);
  assert.deepEqual(log, ['red']);
  assert.deepEqual(link.calls, [
    ['join', 'red'],
    ['leave', 'red'],
  ]);
});

test('the rooms that it shows are a copy', () => {
  const { connection } = connect();
  const { rooms } = connection;
  connection.join('red');
  assert.deepEqual([...rooms], ['me']);
});

test('after disconnect it receives nothing, but hears of its end', () => {
  const { connection, link, log } = connect();
  connection.on('chat', () => log.push('chat'));
  connection.onPing(() => log.push('ping'));
  connection.onDisconnect((reason) => log.push(reason));
  assert.throws(() => connection.disconnect(1005), { code: 'ERR_CLOSE_CODE' });
  connection.receive('>chat;0;before');
  connection.disconnect();
  connection.receive('>chat;0;after');
  connection.tell('ping', Uint8Array.of());
  connection.ended([], { code: 1000, reason: '' });
  assert.deepEqual(log, ['chat', { code: 1000, reason: '' }]);
  assert.deepEqual(link.calls, [['disconnect', 1000, '']]);
});

test('after disconnect it is still told of what it loses', () => {
  const { connection, log } = connect();
  connection.onBackpressure((backpressure) => log.push(backpressure));
  connection.disconnect();
  const lost = { state: 'closed', queuedBytes: 9, droppedMessages: 2, droppedBytes: 7 } as const;
  connection.tell('backpressure', lost);
  assert.deepEqual(log, [lost]);
});

test('its end is told once: of each room, of that of its id, and then of all', () => {
  const { connection, log } = connect();
  connection.onLeave((room) => log.push(`leave ${room}`));
  connection.onDisconnect(({ code }) =>
    log.push(`disconnect ${code} of ${connection.rooms.size} rooms`),
  );
  connection.join('red');
  connection.ended(['red'], { code: 4000, reason: '' });
  connection.ended(['red'], { code: 1006, reason: '' });
  assert.deepEqual(log, ['leave red', 'leave me', 'disconnect 4000 of 0 rooms']);
});

test('what it does after its end has no effect, and is checked all the same', () => {
  const { connection, link } = connect();
  connection.ended([], { code: 1000, reason: '' });
  connection.emit('chat', 'x');
  connection.emitMessage('x');
  connection.join('red');
  connection.disconnect();
  assert.equal(connection.leave('red'), false);
  assert.equal(connection.isJoined('me'), false);
  assert.deepEqual(link.calls, []);
  assert.throws(() => connection.emit('a;b', 'x'), { code: 'ERR_EVENT_NAME' });
  assert.throws(() => connection.disconnect(1), { code: 'ERR_CLOSE_CODE' });
});
