import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DIRECTORY, SECRET, VERSION, wordOf } from '../../../src/shared/tables/counts-layout.ts';
import { allocateCounts, RoomCounts } from '../../../src/shared/tables/room-counts.ts';

type Store = readonly [word: number, value: number];

/** Rooms that are there before, and those that come: segments split, and are used again. */
const BEFORE = 511;
const MORE = 2000;
const RUNS = 4000;

/** A writer's work on a table: what is in the memory before it, and each of its stores. */
function recordedGrowth() {
  const memory = allocateCounts();
  new Int32Array(memory).set([0x1234567, 0x7654321], SECRET); // the same table in every run
  const writer = new RoomCounts(memory);
  for (let i = 0; i < BEFORE; i++) writer.set(1, 0, `room ${i}`, i + 1);
  const before = Int32Array.from(new Int32Array(memory));
  const stores: Store[] = [];
  const { store } = Atomics;
  Object.assign(Atomics, {
    store: (words: Int32Array, word: number, value: number) => {
      stores.push([word, value]);
      return store(words, word, value);
    },
  });
  for (let i = 0; i < MORE; i++) writer.set(1, 0, `more ${i}`, 1);
  Object.assign(Atomics, { store });
  return { before, stores, bytes: memory.byteLength };
}

/** The stores by which an entry of the directory comes to name a segment that it has named before. */
function returns(before: Int32Array, stores: readonly Store[]): [gone: number, back: number][] {
  const words = Int32Array.from(before.subarray(0, wordOf(0)));
  const gone = new Map<string, number>();
  const found: [gone: number, back: number][] = [];
  for (const [at, [word, value]] of stores.entries()) {
    if (word < DIRECTORY || word >= wordOf(0)) continue;
    gone.set(`${word} ${words[word]}`, at);
    const since = gone.get(`${word} ${value}`);
    if (since !== undefined && words[word] !== value) found.push([since, at]);
    words[word] = value;
  }
  return found;
}

/** Numbers from 0 to below a limit, the same in every run. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

test('a reader finds the count, however far the writer comes between any two of its steps', (t) => {
  const { load } = Atomics;
  t.after(() => Object.assign(Atomics, { load }));
  const { before, stores, bytes } = recordedGrowth();
  const memory = new SharedArrayBuffer(bytes);
  const words = new Int32Array(memory);
  const again = returns(before, stores);
  assert.ok(again.length > 0, 'segments come back to where they were');
  const below = numbers(14);
  for (let run = 0; run < RUNS; run++) {
    words.fill(0);
    words.set(before);
    let done = 0;
    const goTo = (end: number) => {
      for (; done < end; done++) {
        const [word, value] = stores[done] as Store;
        words[word] = value;
      }
    };
    // The writer stands still at three places, while the reader takes some steps at each.
    const [gone, back] = again[below(again.length)] as [number, number];
    const isAgain = run % 2 === 0;
    const stops = isAgain
      ? [gone, back - below(back - gone), back + 1 + below(8)]
      : [0, 1, 2].map(() => below(stores.length)).sort((a, b) => a - b);
    const steps = [isAgain ? 2 : 1 + below(4), 3 + below(9)];
    let loads = 0;
    const reader = new RoomCounts(memory as never);
    Object.assign(Atomics, {
      load: (of: Int32Array, word: number) => {
        loads += 1;
        const at = steps.filter((step) => loads > step).length;
        goTo(loads > 16 ? stores.length : (stops[at] as number));
        return load(of, word);
      },
    });
    const room = below(BEFORE);
    assert.equal(reader.get(1, 0, `room ${room}`), room + 1, `run ${run}: ${stops} ${steps}`);
    loads = 0;
    assert.equal(reader.get(1, 0, 'nobody'), 0);
    Object.assign(Atomics, { load });
  }
});

test('a segment that the directory does not name is not to be looked at, whenever that is', () => {
  const { before, stores, bytes } = recordedGrowth();
  const words = new Int32Array(bytes / Int32Array.BYTES_PER_ELEMENT);
  words.set(before);
  const segments = [];
  for (let number = 0; wordOf(number) < words.length; number++) segments.push(wordOf(number));
  const everNamed = new Set<number>();
  for (const [word, value] of stores) {
    words[word] = value;
    const named = new Set(words.subarray(DIRECTORY, wordOf(0)));
    for (const segment of segments) {
      if (named.has(segment)) everNamed.add(segment);
      else if (everNamed.has(segment) && word > segment && word < segment + wordOf(1) - wordOf(0)) {
        assert.equal((words[segment + VERSION] as number) & 1, 1, `segment ${segment} changes`);
      }
    }
  }
  assert.ok(everNamed.size > 2);
});
