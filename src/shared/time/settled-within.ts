import { clearTimeout, setTimeout } from './timers.ts';

/** Waits for a promise, `timeoutMs` at most. @returns whether it has settled, either way */
export async function settledWithin(
  promise: Promise<unknown>,
  timeoutMs: number,
): Promise<boolean> {
  const { promise: deadline, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), Math.max(0, timeoutMs));
  const settled = promise.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([settled, deadline]);
  clearTimeout(timer);
  return result;
}
