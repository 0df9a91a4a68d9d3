import type { Membership, MessageFacts, Stamp } from './facts.ts';

/** What has to become of a message on its way to one member. */
export type Verdict = 'due' | 'either' | 'none';

/**
 * Says whether a message must have reached a member once everything that is under way has arrived
 * (`due`), or both is right because the member's leave or end was under way too (`either`).
 *
 * One thread's joins, leaves and emits are carried out in their order, so where the thread that
 * sent the message is the one in which the member's handlers run, the stamps decide. For any
 * other thread there is no order between its message and the member's join or leave. Then it must
 * arrive if the join was known before the message was asked for, and no leave was asked for; or
 * one was, but not before something arrived that the same thread had sent after the message.
 */
export function verdictOf(message: MessageFacts, member: Membership): Verdict {
  const { stamp, saidAt } = message;
  const { connection, joinedN, joinedAt, leftN, leftAt } = member;
  if (stamp === undefined || isExcepted(message, member)) return 'none';
  if (stamp.thread === connection.home) {
    if (joinedN === undefined || stamp.n < joinedN) return 'none';
    if (leftN !== undefined && stamp.n > leftN) return 'none';
    // One that ends is in no room any more, and still hears what its handlers say to itself.
    const hasLeft = leftAt !== undefined && leftAt < (connection.endingAt ?? leftAt + 1);
    if (hasLeft) return 'due';
  } else if (joinedAt === undefined || joinedAt > saidAt || (leftAt ?? saidAt) < saidAt) {
    return 'none';
  }
  if ((connection.endedAt ?? saidAt) < saidAt) return 'none';
  const seen = member.seenAtLeave ?? connection.seenAtEnd;
  const wasInTime = seen === undefined || (seen.get(stamp.thread) ?? 0) > stamp.n;
  return wasInTime ? 'due' : 'either';
}

/** Whether a message may reach a member: here and now, since what comes later is not known yet. */
export function isAllowed(message: MessageFacts, stamp: Stamp, member: Membership): boolean {
  if (isExcepted(message, member)) return false;
  if (stamp.thread === member.connection.home) {
    // The confirmations come from the same thread: they are here before what is behind them.
    if (member.joinedN === undefined || stamp.n < member.joinedN) return false;
    return member.leftN === undefined || stamp.n < member.leftN;
  }
  return member.leftAt === undefined || member.leftAt > message.saidAt;
}

function isExcepted({ exceptSender, sender }: MessageFacts, { connection }: Membership): boolean {
  return exceptSender && sender === connection;
}
