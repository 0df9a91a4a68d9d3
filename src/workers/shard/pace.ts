import { clearTimeout, setTimeout } from '../../shared/time/timers.ts';

const STEP = 5; // ms: a timer finer than this costs more than it spreads

/**
 * Calls a function with each item, in their order and evenly spread over a time. The first calls
 * come at once; where the time is 0 all do.
 * @param overMs milliseconds
 * @returns a function that stops it
 */
export function pace<Item>(
  items: readonly Item[],
  overMs: number,
  act: (item: Item) => void,
): () => void {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let done = 0;
  const turn = () => {
    const share = overMs === 0 ? 1 : (performance.now() - start) / overMs;
    const due = Math.min(items.length, Math.max(done + 1, Math.ceil(share * items.length)));
    for (; done < due; done++) act(items[done] as Item);
    if (done < items.length) timer = setTimeout(turn, Math.max(STEP, overMs / items.length));
  };
  turn();
  return () => clearTimeout(timer);
}
