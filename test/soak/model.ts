import type { Arrival, ConnectionFacts, Membership, MessageFacts, Stamp } from './facts.ts';
import { ModelCounts } from './model-counts.ts';
import { Roster } from './roster.ts';
import { isAllowed, verdictOf } from './verdict.ts';
import { lossOf, Violations } from './violations.ts';

interface Verb {
  readonly id: number;
  readonly at: number;
  readonly kind: 'join' | 'leave' | 'say';
  readonly connection: ConnectionFacts | undefined;
  readonly member: Membership | undefined;
  readonly message: MessageFacts | undefined;
  isDone: boolean;
}

/** Whom a message is for, as the model sees it. */
export interface Saying {
  readonly server: string;
  readonly target: string;
  readonly sender?: ConnectionFacts;
  readonly exceptSender?: boolean;
  /** Bytes that make it larger. */
  readonly pad?: number;
}

/**
 * Knows what every connection should have received. It is told what clients ask for, what they
 * hear is done, and what they get; it neither waits nor looks at a clock.
 */
export class Model {
  readonly violations = new Violations();
  readonly counts = new ModelCounts();
  readonly #roster = new Roster();
  readonly #verbs = new Map<number, Verb>();
  readonly #greetings = new Map<ConnectionFacts, Membership>();
  #clock = 0;
  #lastId = 0;

  /** The step of the clock: what happens next is after it. */
  get now(): number {
    return this.#clock;
  }

  /** A client begins to connect. */
  connect(server: string): ConnectionFacts {
    this.#clock++;
    const connection: ConnectionFacts = {
      number: ++this.counts.connections,
      server,
      id: '',
      home: undefined,
      seen: new Map(),
      receipts: new Set(),
      seenAtEnd: undefined,
      endingAt: undefined,
      endedAt: undefined,
      isLossy: false,
      missed: 0,
      open: 0,
      isFlooded: false,
    };
    this.#greetings.set(connection, this.#roster.add(connection, ''));
    return connection;
  }

  /**
   * Its first event has come, from the thread in which its handlers run.
   * @param room which these have had it join before they sent that
   * @returns its membership of that room
   */
  opened(connection: ConnectionFacts, id: string, room: string, stamp: Stamp): Membership {
    const everyone = this.#greetings.get(connection);
    if (everyone === undefined) throw new Error(`${connection.number} was greeted twice`);
    this.#greetings.delete(connection);
    connection.id = id;
    connection.home = stamp.thread;
    const joined = this.#roster.add(connection, room);
    this.#clock++;
    for (const member of [everyone, this.#roster.add(connection, id), joined]) {
      member.joinedAt = this.#clock;
      member.joinedN = stamp.n;
    }
    this.#see(connection, stamp);
    return joined;
  }

  /** A client asks to join; returns the number of this verb and the membership. */
  join(connection: ConnectionFacts, room: string): [id: number, member: Membership] {
    const member = this.#roster.add(connection, room);
    return [this.#ask({ kind: 'join', connection, member, message: undefined }), member];
  }

  /** A client asks to leave; returns the number of this verb. */
  leave(member: Membership): number {
    member.seenAtLeave = new Map(member.connection.seen);
    const { connection } = member;
    return this.#ask({ kind: 'leave', connection, member, message: undefined });
  }

  /** A message is asked for; returns its number. */
  say({ server, target, sender, exceptSender = false, pad = 0 }: Saying): number {
    const message: MessageFacts = {
      id: this.#lastId + 1,
      server,
      target,
      sender,
      exceptSender,
      pad,
      saidAt: this.#clock + 1,
      stamp: undefined,
    };
    return this.#ask({ kind: 'say', connection: sender, member: undefined, message });
  }

  /**
   * Whoever asked for it has heard that it was done, and with what stamp.
   * @param reply the stamp of the word about it, where that was sent in order with all others
   */
  did(id: number, stamp: Stamp, reply?: Stamp): void {
    this.#clock++;
    const verb = this.#verbs.get(id);
    if (verb === undefined) {
      this.violations.add('late', `the word that ${id} is done`);
      return;
    }
    verb.isDone = true;
    const { kind, connection, member, message } = verb;
    if (message !== undefined) message.stamp = stamp;
    if (kind === 'say') this.counts.messages++;
    if (member !== undefined && kind === 'join') {
      member.joinedAt = this.#clock;
      member.joinedN = stamp.n;
    } else if (member !== undefined) {
      member.leftAt = this.#clock;
      member.leftN = stamp.n;
    }
    if (connection === undefined || reply === undefined) return;
    if ((connection.seen.get(reply.thread) ?? 0) >= reply.n) {
      this.violations.add('disordered', `the word that ${id} is done, to ${connection.number}`);
    }
    this.#see(connection, reply);
  }

  /**
   * A thread has died at something that it had been asked to do behind sending these messages: so
   * they were sent, and nothing of that thread comes behind them.
   */
  sentAtDeath(ids: readonly number[], thread: number): void {
    for (const id of ids) {
      if (this.#verbs.get(id)?.isDone === false) this.did(id, { thread, n: Infinity });
    }
  }

  /** A message has arrived. */
  received(connection: ConnectionFacts, arrival: Arrival): void {
    this.#clock++;
    this.counts.deliveries++;
    const { id, thread, n } = arrival;
    const what = `message ${id} to connection ${connection.number} of ${connection.server}`;
    const message = this.#verbs.get(id)?.message;
    if (message === undefined || connection.receipts.has(id)) {
      this.violations.add(message === undefined ? 'late' : 'repeated', what);
      return;
    }
    const seen = connection.seen.get(thread) ?? 0;
    if (n <= seen) {
      this.violations.add('disordered', `${what}: ${n} behind ${seen} of thread ${thread}`);
    }
    connection.receipts.add(id);
    this.#see(connection, arrival);
    const isMember = this.#membersOf(message).some(
      (member) => member.connection === connection && isAllowed(message, arrival, member),
    );
    if (!isMember || arrival.server !== connection.server) {
      this.violations.add('stranger', `${what}: to '${message.target}' of ${arrival.server}`);
    }
    if (arrival.pad !== message.pad) {
      this.violations.add('corrupt', `${what}: ${arrival.pad} B in place of ${message.pad}`);
    }
  }

  /** A client ends its connection: what it has not got by now, it need not get. */
  ending(connection: ConnectionFacts): void {
    this.#clock++;
    connection.endingAt ??= this.#clock;
    connection.seenAtEnd ??= new Map(connection.seen);
  }

  /** A connection has ended. */
  ended(connection: ConnectionFacts): void {
    this.ending(connection);
    connection.endedAt = this.#clock;
    this.#greetings.delete(connection);
  }

  /** Whether everything that was asked for is done, and everything that must arrive has. */
  get isSettled(): boolean {
    return this.#greetings.size === 0 && this.hasArrived(this.#clock);
  }

  /** The same for what was asked for up to a step of the clock. */
  hasArrived(until: number): boolean {
    for (const verb of this.#verbs.values()) {
      if (verb.at > until) return true;
      if (isUnanswered(verb)) return false;
      if (this.#missing(verb.message).some(({ connection }) => !connection.isLossy)) return false;
    }
    return true;
  }

  /** Judges what was asked for up to a step of the clock, and forgets it. */
  judge(until: number): void {
    let oldest = this.#clock + 1;
    for (const verb of this.#verbs.values()) {
      if (verb.at > until) {
        oldest = verb.at;
        break;
      }
      this.#judge(verb);
      this.#verbs.delete(verb.id);
    }
    this.#roster.forget(({ leftAt, connection: { endedAt } }) => {
      return (leftAt ?? oldest) < oldest || (endedAt ?? oldest) < oldest;
    });
  }

  /** Holds it against the server if a connection that began to open has never said hello. */
  judgeOpenings(): void {
    for (const { number, server } of this.#greetings.keys()) {
      this.violations.add('unanswered', `connection ${number} of ${server} never opened`);
    }
  }

  #judge(verb: Verb): void {
    const { id, kind, message, connection } = verb;
    if (isUnanswered(verb)) {
      const who = connection === undefined ? 'the primary' : `connection ${connection.number}`;
      this.violations.add('unanswered', `${kind} ${id} of ${who}`);
    }
    if (message === undefined) return;
    for (const member of this.#missing(message)) this.#miss(message, member);
    this.#count(message);
  }

  #miss(message: MessageFacts, member: Membership): void {
    const { connection } = member;
    if (connection.isLossy) {
      this.counts.dropped++;
      connection.missed++;
    } else {
      this.violations.add('lost', lossOf(message, member));
    }
  }

  #count(message: MessageFacts): void {
    for (const member of this.#membersOf(message)) {
      const { connection } = member;
      const wasReceived = connection.receipts.delete(message.id);
      const verdict = verdictOf(message, member);
      if (verdict === 'due') this.counts.due++;
      if (wasReceived || verdict === 'due') continue;
      if (verdict === 'either' || message.stamp === undefined) connection.open++;
      if (verdict === 'none') continue;
      if (connection.isFlooded) this.counts.cut++;
      else this.counts.excused++;
    }
  }

  #missing(message: MessageFacts | undefined): readonly Membership[] {
    if (message?.stamp === undefined) return [];
    return this.#membersOf(message).filter(
      (member) =>
        !member.connection.receipts.has(message.id) && verdictOf(message, member) === 'due',
    );
  }

  #membersOf({ server, target }: MessageFacts): readonly Membership[] {
    return this.#roster.of(server, target);
  }

  #ask(verb: Omit<Verb, 'id' | 'at' | 'isDone'>): number {
    const id = ++this.#lastId;
    this.#verbs.set(id, { ...verb, id, at: ++this.#clock, isDone: false });
    return id;
  }

  #see({ seen }: ConnectionFacts, { thread, n }: Stamp): void {
    seen.set(thread, Math.max(n, seen.get(thread) ?? 0));
  }
}

function isUnanswered({ isDone, connection }: Verb): boolean {
  if (isDone) return false;
  return connection === undefined || (connection.seenAtEnd === undefined && !connection.isLossy);
}
