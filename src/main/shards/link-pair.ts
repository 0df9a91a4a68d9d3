import type { MailboxLink } from '../../shared/ring/mailbox.ts';
import { allocateRing } from '../../shared/ring/ring-layout.ts';

type Doorbell = MailboxLink['doorbell'];

/**
 * Allocates a ring in each direction between two threads.
 * @param capacity bytes of each ring
 * @returns the link as the first thread sees it, and as the second does
 */
export function linkPair(capacity: number, first: Doorbell, second: Doorbell) {
  const there = allocateRing(capacity);
  const back = allocateRing(capacity);
  const ofFirst: MailboxLink = { inbound: back, outbound: there, doorbell: second };
  const ofSecond: MailboxLink = { inbound: there, outbound: back, doorbell: first };
  return [ofFirst, ofSecond] as const;
}
