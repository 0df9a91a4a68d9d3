import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import type { MailboxLink } from '../../shared/ring/mailbox.ts';
import { allocateRing, ringCapacity } from '../../shared/ring/ring-layout.ts';

type Doorbell = MailboxLink['doorbell'];

/** Returns the bytes of each ring: `ringMemory` is for one ring per ordered pair of threads. */
export function ringCapacityFor(
  options: Pick<ResolvedEngineOptions, 'ringMemory' | 'shards'>,
): number {
  const threads = Math.max(1, options.shards) + 1; // an inline shard has rings, too
  return ringCapacity(options.ringMemory, threads * (threads - 1));
}

/**
 * Allocates a ring in each direction between two threads.
 * @param there bytes of the ring from the first thread to the second
 * @param back bytes of the ring from the second thread to the first
 * @returns the link as the first thread sees it, and as the second does
 */
export function linkPair(first: Doorbell, second: Doorbell, there: number, back = there) {
  const [outbound, inbound] = [allocateRing(there), allocateRing(back)];
  const ofFirst: MailboxLink = { inbound, outbound, doorbell: second };
  const ofSecond: MailboxLink = { inbound: outbound, outbound: inbound, doorbell: first };
  return [ofFirst, ofSecond] as const;
}
