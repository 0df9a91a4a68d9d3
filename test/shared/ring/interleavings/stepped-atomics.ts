import type { Turns } from './turns.ts';

/**
 * What a doorbell's unused words record here: whether a waiter is registered, and whether it has
 * been notified without its promise having been run.
 */
const WAITER_WORD = 1;
export const NOTIFIED_WORD = 2;

type Words = Int32Array<SharedArrayBuffer>;

/**
 * The Atomics that the code under test gets: after every step the other thread may go on, and
 * waiters are words in memory instead of the engine's own.
 *
 * @param unshared memory that only one of the threads uses: the order of its steps cannot matter
 * @param onWaiter gets what is to be run when the notified waiter's promise is
 */
export function steppedAtomics(
  turns: Turns,
  unshared: SharedArrayBuffer,
  onWaiter: (run: () => void) => void,
): typeof Atomics {
  const real = Atomics;
  const step = <T>(result: T): T => {
    turns.yield();
    return result;
  };
  const stepped = {
    load(words: Words, index: number) {
      const value = real.load(words, index);
      return words.buffer === unshared ? value : step(value);
    },
    store: (words: Words, index: number, value: number) => step(real.store(words, index, value)),
    compareExchange: (words: Words, index: number, expected: number, value: number) =>
      step(real.compareExchange(words, index, expected, value)),
    waitAsync(words: Words, index: number, value: number) {
      if (words[index] !== value) return step({ async: false, value: 'not-equal' });
      if (words[WAITER_WORD] === 1) throw new Error('a second waiter');
      words[WAITER_WORD] = 1;
      // biome-ignore lint/suspicious/noThenProperty: it stands for the engine's promise
      return step({ async: true, value: { then: onWaiter } });
    },
    notify(words: Words) {
      const count = words[WAITER_WORD] as number;
      words[WAITER_WORD] = 0;
      if (count > 0) words[NOTIFIED_WORD] = 1;
      return step(count);
    },
  };
  return Object.assign(Object.create(real), stepped);
}
