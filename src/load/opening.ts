import { setTimeout as delay } from 'node:timers/promises';

/** The pace of opening connections. */
export interface Pace {
  /** Most that are under way at once. */
  readonly underWay: number;
  /** New ones in a second; 0 = as many as the other limit allows. */
  readonly perSecond: number;
}

/**
 * Opens connections, the first ones first.
 * @param open opens one and settles when that is decided; must not reject
 * @param stop ends it early; connections under way are left to `open`
 */
export async function openMany(
  count: number,
  { underWay, perSecond }: Pace,
  open: (index: number) => Promise<unknown>,
  stop?: AbortSignal,
): Promise<void> {
  const began = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < count && !stop?.aborted) {
      const index = next++;
      if (perSecond > 0) {
        const early = began + (index * 1000) / perSecond - performance.now();
        if (early > 1) await delay(early, undefined, stop && { signal: stop }).catch(() => {});
        if (stop?.aborted) return;
      }
      await open(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, underWay) }, lane));
}
