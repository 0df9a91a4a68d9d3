/** A word that nothing changes, so that a wait for a change ends with its time. */
const word = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks this thread for a moment, in which it uses no CPU. It is the only wait in this library,
 * and waits for no other thread.
 * @param ms at least; the system adds some 0.05
 */
export function pause(ms: number): void {
  Atomics.wait(word, 0, 0, ms);
}
