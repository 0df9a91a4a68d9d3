import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { ringCapacity } from '../../shared/ring/ring-layout.ts';

/** Bytes of each ring of an engine: there is one for each pair and direction of its threads. */
export function ringCapacityFor({
  ringMemory,
  shards,
}: Pick<ResolvedEngineOptions, 'ringMemory' | 'shards'>): number {
  const threads = Math.max(1, shards) + 1; // an inline shard has rings, too
  return ringCapacity(ringMemory, threads * (threads - 1));
}
