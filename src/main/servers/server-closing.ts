import type { DrainTimes } from '../../shared/messages/control-messages.ts';
import { settledWithin } from '../../shared/time/settled-within.ts';
import type { Emitters } from '../emitters.ts';
import { GRACE, type ShardGroup } from '../shards/shard-group.ts';
import type { ServerEntry } from './server-entry.ts';

/** Takes a server out of all shards; what is left of it when its time is over is given up. */
export async function closeServer(
  entry: ServerEntry,
  group: ShardGroup,
  emitters: Emitters,
  times: DrainTimes,
): Promise<void> {
  const { number } = entry;
  const left = await group.settled(times);
  const { hosts } = group;
  group.post({ type: 'remove-server', server: number, ...left });
  emitters.removeServer(number);
  const removed = entry.rollout.removedFrom(hosts.map((host) => host.number));
  const empty = removed.then(() => entry.closures?.empty());
  if (!(await settledWithin(empty, left.timeoutMs + GRACE))) entry.abandon();
  for (const host of hosts) host.loading.delete(number); // also where one has not said so in time
  entry.spread.close();
}
