/** Nobody ever changes it: a wait for that is over when its time is. */
const word = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks this thread for a moment, in which it uses no CPU. The only wait in this library: it waits
 * for nobody, and so can be held up by nobody.
 * @param ms at least; the system adds some 0.05
 */
export function pause(ms: number): void {
  Atomics.wait(word, 0, 0, ms);
}
