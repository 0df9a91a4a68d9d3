import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { mock, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import {
  DEPTH,
  DIRECTORY,
  FIRST_SLOT,
  SEGMENT_SLOTS,
  SLOT_WORDS,
  VERSION,
  wordOf,
} from '../../../src/shared/tables/counts-layout.ts';
import { allocateCounts, CountsMap, RoomCounts } from '../../../src/shared/tables/room-counts.ts';

/** The word at which the first segment begins. */
const FIRST_WORD = wordOf(0);

const action = fc.record({
  server: fc.constantFrom(1, 2),
  codec: fc.constantFrom(0, 1),
  room: fc.integer({ min: 0, max: 400 }).map((number) => `room ${number}`),
  count: fc.constantFrom(0, 0, 1, 2, 1000),
});

test('whatever is set is what every thread reads, while the table grows and shrinks', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 1500, size: 'max' }), (actions) => {
      const memory = allocateCounts();
      const [writer, reader] = [new RoomCounts(memory), new RoomCounts(memory)];
      const model = new Map<string, number>();
      for (const { server, codec, room, count } of actions) {
        writer.set(server, codec, room, count);
        model.set(`${server} ${codec} ${room}`, count);
      }
      for (const [key, count] of model) {
        const [, server, codec, room] = /^(\d) (\d) (.*)$/.exec(key) as RegExpExecArray;
        assert.equal(reader.get(Number(server), Number(codec), room as string), count, key);
      }
    }),
    { numRuns: 30 },
  );
});

test('a table grows, and is as good as new when all rooms have gone', () => {
  const memory = allocateCounts();
  const [writer, reader] = [new RoomCounts(memory), new RoomCounts(memory)];
  const before = memory.byteLength;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5000; i++) writer.set(1, 0, `room ${i}`, i + 1);
    for (let i = 0; i < 5000; i++) assert.equal(reader.get(1, 0, `room ${i}`), i + 1);
    for (let i = 0; i < 5000; i++) writer.set(1, 0, `room ${i}`, 0);
    for (let i = 0; i < 5000; i++) assert.equal(reader.get(1, 0, `room ${i}`), 0);
  }
  assert.ok(memory.byteLength > before);
  const named = new Int32Array(memory, 0, FIRST_WORD).subarray(DIRECTORY).filter((at) => at > 0);
  for (const segment of named) assert.ok(hashesIn(memory, segment).every((hash) => hash === 0));
});

test('a room that nobody touches is read right while another thread grows the table', async () => {
  const memory = allocateCounts();
  const reader = new RoomCounts(memory);
  const worker = new Worker(new URL('./count-writer.ts', import.meta.url), {
    workerData: { memory, rooms: 50_000, rounds: 3 },
  });
  await once(worker, 'message');
  let isDone = false;
  const done = once(worker, 'message').then(() => {
    isDone = true;
  });
  while (!isDone) {
    for (let i = 0; i < 1000; i++) assert.equal(reader.get(1, 0, 'steady'), 7);
    await nextTurn();
  }
  await done;
  assert.equal(reader.get(1, 0, 'room 1'), 0);
});

/** The hashes in the slots of a segment. */
function hashesIn(memory: SharedArrayBuffer, segment = FIRST_WORD): Int32Array {
  const slots = new Int32Array(memory, 4 * (segment + FIRST_SLOT), SEGMENT_SLOTS * SLOT_WORDS);
  return slots.filter((_, at) => at % SLOT_WORDS === 0);
}

/** Where a room stands in an otherwise empty table. */
function slotOf(memory: SharedArrayBuffer, room: string): number {
  const table = new RoomCounts(memory);
  table.set(1, 0, room, 1);
  const slot = hashesIn(memory).findIndex((hash) => hash !== 0);
  table.set(1, 0, room, 0);
  return slot;
}

test('a reader that a change overtakes looks again, wherever it has come', () => {
  const memory = allocateCounts();
  const [writer, reader] = [new RoomCounts(memory), new RoomCounts(memory)];
  const slot = slotOf(memory, 'front');
  let behind = 0;
  while (slotOf(memory, `behind ${behind}`) !== slot) behind += 1;
  const room = `behind ${behind}`; // it moves up when the one in front of it goes
  const { load } = Atomics;
  let loads = 0;
  const count = (whenLoaded: number) => {
    writer.set(1, 0, 'front', 1);
    writer.set(1, 0, room, 7);
    loads = 0;
    const mocked = mock.method(Atomics, 'load', (words: Int32Array, at: number) => {
      const word = load(words, at);
      loads += 1;
      if (loads === whenLoaded) writer.set(1, 0, 'front', 0);
      return word;
    });
    const found = reader.get(1, 0, room);
    mocked.mock.restore();
    for (const gone of ['front', room]) writer.set(1, 0, gone, 0);
    return found;
  };
  assert.equal(count(0), 7);
  const steps = loads;
  assert.ok(steps > 5);
  for (let step = 1; step <= steps; step++) assert.equal(count(step), 7, `behind load ${step}`);
});

test('a reader does not take a room for its own that comes to the slot that it has found empty', () => {
  const memory = allocateCounts();
  const [writer, reader] = [new RoomCounts(memory), new RoomCounts(memory)];
  const slot = slotOf(memory, 'front');
  let behind = 0;
  while (slotOf(memory, `behind ${behind}`) !== slot) behind += 1;
  const { load } = Atomics;
  let [loads, whenLoaded] = [0, 0];
  const count = () => {
    loads = 0;
    const mocked = mock.method(Atomics, 'load', (words: Int32Array, at: number) => {
      const word = load(words, at);
      loads += 1;
      if (loads === whenLoaded) writer.set(1, 0, 'front', 7);
      return word;
    });
    const found = reader.get(1, 0, `behind ${behind}`);
    mocked.mock.restore();
    writer.set(1, 0, 'front', 0);
    return found;
  };
  assert.equal(count(), 0);
  const steps = loads;
  while (whenLoaded++ < steps) assert.equal(count(), 0, `behind load ${whenLoaded}`);
});

test('a reader that growth overtakes finds the count, wherever it has come', (t) => {
  const { load } = Atomics;
  t.after(() => Object.assign(Atomics, { load }));
  let [steps, growths] = [0, 0];
  const check = (rooms: number, more: number, whenLoaded: number) => {
    const memory = allocateCounts();
    const [writer, reader] = [new RoomCounts(memory), new RoomCounts(memory)];
    for (let i = 0; i < rooms; i++) writer.set(1, 0, `room ${i}`, i + 1);
    const before = new Int32Array(memory)[DEPTH] as number;
    let loads = 0;
    for (const asked of [3, 4, 5, 6, 7, 8]) {
      loads = 0;
      const countedLoad = (words: Int32Array, at: number) => {
        const word = load(words, at);
        loads += 1;
        if (loads !== whenLoaded) return word;
        Object.assign(Atomics, { load }); // a mock would keep every call
        for (let i = 0; i < more; i++) writer.set(1, 0, `more ${asked} ${i}`, 1);
        Object.assign(Atomics, { load: countedLoad });
        return word;
      };
      Object.assign(Atomics, { load: countedLoad });
      assert.equal(reader.get(1, 0, `room ${asked}`), asked + 1, `behind load ${whenLoaded}`);
      assert.equal(reader.get(1, 0, `nobody ${asked}`), 0, `behind load ${whenLoaded}`);
      Object.assign(Atomics, { load });
      if (whenLoaded === 0) steps = Math.max(steps, loads);
    }
    growths += (new Int32Array(memory)[DEPTH] as number) - before;
  };
  for (const [rooms, more] of [
    [511, 2], // one split, and a directory of twice the size
    [511, 2000], // several, and a segment that is used again
  ] as const) {
    check(rooms, 0, 0);
    for (let step = 1; step <= steps; step++) check(rooms, more, step);
  }
  assert.ok(steps > 10);
  assert.ok(growths > steps);
});

test('a count that is set moves the rooms of one segment at most, however many there are', (t) => {
  const memory = allocateCounts();
  const writer = new RoomCounts(memory);
  const { store } = Atomics;
  let stores = 0;
  Object.assign(Atomics, {
    store: (words: Int32Array, at: number, word: number) => {
      stores += 1;
      return store(words, at, word);
    },
  });
  t.after(() => Object.assign(Atomics, { store }));
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    stores = 0;
    writer.set(1, 0, `room ${i}`, 1);
    most = Math.max(most, stores);
  }
  // A segment that is used again is emptied, half of one is copied, entries of the directory change.
  assert.ok(most < 1024 + 4 * 600 + 1024, `${most} words`);
});

test('a writer that has died in the middle of a change holds a reader up for half a second', (t) => {
  const memory = allocateCounts();
  const [writer, reader] = [new RoomCounts(memory), new RoomCounts(memory)];
  writer.set(1, 0, 'room', 7);
  const words = new Int32Array(memory);
  const version = FIRST_WORD + VERSION;
  words[version] = (words[version] as number) + 1; // as it is in the middle
  let now = 0;
  t.mock.method(performance, 'now', () => {
    now += 10;
    return now;
  });
  const { load } = Atomics;
  let loads = 0;
  t.mock.method(Atomics, 'load', (of: Int32Array, at: number) => {
    loads += 1;
    assert.ok(loads < 1000, 'it gives up');
    return load(of, at);
  });
  assert.equal(reader.get(1, 0, 'room'), 7);
  assert.ok(now > 500 && now < 600, `${now} ms`);
});

test('names that stand together in one table are scattered in another', () => {
  const [known, other] = [allocateCounts(), allocateCounts()];
  const together: string[] = [];
  for (let i = 0; together.length < 100; i++) {
    if (slotOf(known, `${i}`) < 16) together.push(`${i}`);
  }
  const scattered = new Set(together.map((room) => slotOf(other, room)));
  assert.ok(scattered.size > 50, `100 names on ${scattered.size} of 1024 slots`);
});

test('a table that finds no memory to grow stays as it is, and readable', () => {
  const whole = allocateCounts();
  const memory = new SharedArrayBuffer(whole.byteLength, { maxByteLength: whole.byteLength });
  new Int32Array(memory).set(new Int32Array(whole));
  const [writer, reader] = [new RoomCounts(memory), new RoomCounts(memory)];
  for (let i = 0; i < 512; i++) writer.set(1, 0, `room ${i}`, i + 1);
  assert.throws(() => writer.set(1, 0, 'one more', 1), RangeError);
  for (let i = 0; i < 512; i++) assert.equal(reader.get(1, 0, `room ${i}`), i + 1);
  assert.equal(
    (new Int32Array(memory)[FIRST_WORD + VERSION] as number) % 2,
    0,
    'readers need not look again',
  );
  writer.set(1, 0, 'room 0', 0);
  assert.equal(reader.get(1, 0, 'room 0'), 0);
});

test('a sum is over all shards there are, and all codecs', () => {
  const counts = new CountsMap();
  for (const shard of [1, 2]) {
    const memory = allocateCounts();
    counts.set(shard, memory);
    const table = new RoomCounts(memory);
    table.set(7, 0, 'red', shard);
    table.set(7, 1, 'red', 10);
    table.set(8, 0, 'red', 100);
  }
  assert.equal(counts.sum(7, 2, 'red'), 23);
  counts.delete(2);
  assert.equal(counts.sum(7, 2, 'red'), 11);
  assert.equal(counts.sum(7, 2, 'blue'), 0);
});
