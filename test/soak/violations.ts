import type { Membership, MessageFacts } from './facts.ts';

/** What may be wrong. All of them have to be 0. */
export const VIOLATIONS = {
  lost: 'a message that must have arrived did not',
  repeated: 'a message arrived more than once',
  disordered: 'a message arrived behind one that its thread had sent later',
  stranger: 'a message reached a connection that was not a member',
  corrupt: 'a message arrived with another content',
  late: 'a message arrived after it had been judged',
  unanswered: 'a verb of a client, or an opening, was never carried out or confirmed',
  closed: 'a connection ended that nothing had ended',
  refused: 'a connection was refused',
  death: 'a shard died that nobody had killed',
  error: 'the engine or a handler reported an error that nobody had caused',
  miscounted: 'a slow connection lost more or fewer messages than its app was told',
  ends: 'closures were not told exactly once that a connection had ended',
} as const;

/** One kind of what may be wrong. */
export type ViolationKind = keyof typeof VIOLATIONS;

const KEPT = 30;

/** Counts what is wrong, and keeps the words about the first of it. */
export class Violations {
  readonly counts = new Map<ViolationKind, number>();
  readonly details: string[] = [];

  /** How many there are, of all kinds. */
  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Notes one. */
  add(kind: ViolationKind, detail: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (this.details.length < KEPT) this.details.push(`${kind}: ${detail}`);
  }
}

/** Says what was lost, with all that the verdict rests on. */
export function lossOf({ id, target, stamp, saidAt }: MessageFacts, member: Membership): string {
  const { connection, joinedN, joinedAt, leftN, leftAt } = member;
  const { thread = 0, n = 0 } = stamp ?? {};
  return [
    `message ${id} (${n} of thread ${thread}, asked for at ${saidAt}) to '${target}'`,
    `for connection ${connection.number} of ${connection.server} (thread ${connection.home})`,
    `member from ${joinedN} (${joinedAt}) to ${leftN} (${leftAt})`,
    `ending ${connection.endingAt}, ended ${connection.endedAt}`,
    `seen ${connection.seen.get(thread)}`,
  ].join(', ');
}
