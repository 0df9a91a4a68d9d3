import { strict as assert } from 'node:assert';
import { beforeEach, test } from 'node:test';
import { InterestTable, interestKey } from '../../../src/shared/tables/interest-table.ts';
import { allocateCounts, RoomCounts } from '../../../src/shared/tables/room-counts.ts';
import { type Member, Rooms } from '../../../src/workers/deliver/rooms.ts';

const SERVER = 5;
const CODEC = 1;
let interest: InterestTable;
let rooms: Rooms;

beforeEach(() => {
  interest = new InterestTable(InterestTable.allocate());
  rooms = new Rooms(SERVER, CODEC, interest, new RoomCounts(allocateCounts()));
});

/** As much of a connection as rooms know of. */
function member(id: string): Member {
  return {
    ...{ id, number: 0, deflateBits: 0, awaitsFlush: false },
    ...{ rooms: undefined, app: undefined, batch: undefined },
    admits: () => true,
    flush: () => {},
  };
}

function enter(id: string): Member {
  const socket = member(id);
  rooms.expect(socket);
  rooms.enter(socket);
  return socket;
}

function membersOf(room: string): string[] {
  return [...(rooms.membersOf(room) ?? [])].map(({ id }) => id);
}

function isWanted(room: string): boolean {
  return interest.has(interestKey(SERVER, CODEC, room));
}

test('a room has its members, and each of them knows it', () => {
  const [ann, bob] = [enter('ann'), enter('bob')];
  rooms.join(ann, 'red');
  rooms.join(bob, 'red');
  rooms.join(ann, 'blue');
  assert.deepEqual(membersOf('red'), ['ann', 'bob']);
  assert.deepEqual(membersOf('blue'), ['ann']);
  assert.deepEqual(membersOf('green'), []);
  assert.deepEqual([...(ann.rooms ?? [])], ['red', 'blue']);
});

test('a member is one once, however often it joins', () => {
  const ann = enter('ann');
  rooms.join(ann, 'red');
  rooms.join(ann, 'red');
  assert.deepEqual(membersOf('red'), ['ann']);
  rooms.leave(ann, 'red');
  assert.deepEqual(membersOf('red'), []);
});

test('an id is a room of its connection, and of who joins it', () => {
  const [ann, bob] = [enter('ann'), enter('bob')];
  assert.deepEqual(membersOf('ann'), ['ann']);
  rooms.join(bob, 'ann');
  assert.deepEqual(membersOf('ann').sort(), ['ann', 'bob']);
  rooms.leaveAll(ann);
  assert.deepEqual(membersOf('ann'), ['bob']);
});

test('a connection that comes under the same id keeps it when the other goes', () => {
  const first = enter('ann');
  const second = enter('ann');
  rooms.leaveAll(first);
  assert.deepEqual([...(rooms.membersOf('ann') ?? [])], [second]);
  assert.equal(isWanted('ann'), true);
});

test('who leaves a room that it is not in changes nothing', () => {
  const [ann, bob] = [enter('ann'), enter('bob')];
  rooms.join(ann, 'red');
  rooms.leave(bob, 'red');
  rooms.leave(ann, 'blue');
  assert.deepEqual(membersOf('red'), ['ann']);
  assert.equal(isWanted('red'), true);
});

test('who has gone is in no room, and empty rooms are forgotten', () => {
  const [ann, bob] = [enter('ann'), enter('bob')];
  for (const room of ['red', 'blue']) rooms.join(ann, room);
  rooms.join(bob, 'red');
  assert.equal(rooms.size, 2);
  rooms.leaveAll(ann);
  assert.deepEqual([membersOf('red'), membersOf('blue'), membersOf('ann')], [['bob'], [], []]);
  assert.equal(rooms.size, 1);
});

test('a connection that is expected gets nothing before it enters, and misses nothing after', () => {
  const expected = member('cid');
  rooms.expect(expected);
  assert.deepEqual([isWanted('cid'), isWanted('')], [true, true]);
  assert.deepEqual([rooms.membersOf('cid'), rooms.membersOf('')], [undefined, undefined]);
  rooms.enter(expected);
  assert.deepEqual([membersOf('cid'), membersOf('')], [['cid'], ['cid']]);
  rooms.leaveAll(expected);
  assert.deepEqual([rooms.membersOf('cid'), rooms.membersOf('')], [undefined, undefined]);
});

test('messages of a room are wanted as long as it has members', () => {
  const wanted = () => ['red', 'ann', 'bob', ''].map(isWanted);
  assert.deepEqual(wanted(), [false, false, false, false]);
  const ann = enter('ann');
  assert.deepEqual(wanted(), [false, true, false, true]);
  const bob = enter('bob');
  rooms.join(ann, 'red');
  rooms.join(bob, 'red');
  assert.deepEqual(wanted(), [true, true, true, true]);
  rooms.leaveAll(ann);
  assert.deepEqual(wanted(), [true, false, true, true]);
  rooms.leave(bob, 'red');
  assert.deepEqual(wanted(), [false, false, true, true]);
  rooms.leaveAll(bob);
  assert.deepEqual(wanted(), [false, false, false, false]);
});

test('a room that is left while its members are counted is counted to the end', () => {
  const members = ['ann', 'bob', 'cid'].map(enter);
  for (const member of members) rooms.join(member, 'red');
  const seen: string[] = [];
  for (const member of rooms.membersOf('red') ?? []) {
    seen.push(member.id);
    rooms.leave(member, 'red');
  }
  assert.deepEqual(seen, ['ann', 'bob', 'cid']);
});
