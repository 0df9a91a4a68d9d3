import type { ResolvedCloseOptions } from '../shared/engine-config.ts';
import { settledWithin } from '../shared/settled-within.ts';
import type { Emitters } from './emitters.ts';
import type { ServerEntry } from './server-entry.ts';
import { GRACE, SETTLING, type ShardGroup } from './shard-group.ts';

/** Takes a server out of all shards; what is left of it when its time is over is given up. */
export async function closeServer(
  entry: ServerEntry,
  group: ShardGroup,
  emitters: Emitters,
  { timeoutMs, drainMs }: ResolvedCloseOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const { number } = entry.primary;
  await group.settle(timeoutMs * SETTLING);
  const { hosts } = group;
  const left = Math.max(0, Math.floor(deadline - performance.now()));
  group.post({ type: 'remove-server', server: number, timeoutMs: left, drainMs });
  emitters.removeServer(number);
  const removed = entry.removedFrom(hosts.map((host) => host.number));
  const empty = removed.then(() => entry.primary.empty());
  if (!(await settledWithin(empty, left + GRACE))) entry.abandon();
  entry.primary.closed();
}
