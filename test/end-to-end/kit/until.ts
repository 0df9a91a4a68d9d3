import { setTimeout as later } from 'node:timers/promises';

/** Resolves when a condition holds. It looks each millisecond: the core is for those it waits for. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await later(1);
}
