// What the model knows. "When" is always a step of the model's own clock, which counts what it is
// told: all clients are in its process, so what one of them has seen happened before what another
// one sends after that.

/** What a thread has counted up to when it did something: later is more. */
export interface Stamp {
  /** `threadId` of the thread; 0 is the primary. No two threads of a run have the same. */
  readonly thread: number;
  readonly n: number;
}

/** The last stamp that a connection has seen of each thread. */
type Seen = ReadonlyMap<number, number>;

/** One connection, from its opening on. */
export interface ConnectionFacts {
  readonly number: number;
  /** The endpoint of its server. */
  readonly server: string;
  /** What the server calls it; empty until it has said hello. */
  id: string;
  /** The thread in which its handlers run; undefined until it has said hello. */
  home: number | undefined;
  readonly seen: Map<number, number>;
  /** The messages that it has got and that have not been judged yet. */
  readonly receipts: Set<number>;
  /** What it had seen when it began to end, or was ended; undefined: it lives. */
  seenAtEnd: Seen | undefined;
  /** When it began to end, or was ended. */
  endingAt: number | undefined;
  /** When it had ended. */
  endedAt: number | undefined;
  /** It did not read, on a server that drops then: what it misses is counted, not held against. */
  isLossy: boolean;
  /** Messages that it should have got and did not; of a lossy one only. */
  missed: number;
  /** Messages that it did not get, and may have been sent or not. */
  open: number;
  /** It was sent more than may wait for it: what it misses at its end is counted apart. */
  isFlooded: boolean;
}

/** A connection in a room, from a join to the leave or to its end. */
export interface Membership {
  readonly connection: ConnectionFacts;
  /** The room; `''` for everyone, or the connection's own id. */
  readonly target: string;
  /** When the client heard that it had joined. */
  joinedAt: number | undefined;
  /** The stamp of its home thread at the join, and at the leave. */
  joinedN: number | undefined;
  leftN: number | undefined;
  /** When the client heard that it had left. */
  leftAt: number | undefined;
  /** What it had seen when it asked to leave; undefined: it has not asked. */
  seenAtLeave: Seen | undefined;
}

/** A message that somebody was asked to send. */
export interface MessageFacts {
  readonly id: number;
  readonly server: string;
  readonly target: string;
  /** Who asked; undefined: the app on the primary, from outside any connection. */
  readonly sender: ConnectionFacts | undefined;
  readonly exceptSender: boolean;
  /** How many bytes make it larger. */
  readonly pad: number;
  /** When it was asked for. */
  readonly saidAt: number;
  /** With what stamp it was sent; undefined: nobody has confirmed that it was. */
  stamp: Stamp | undefined;
}

/** A message as it has arrived. */
export interface Arrival extends Stamp {
  readonly id: number;
  /** The server whose handler has sent it. */
  readonly server: string;
  /** How many bytes make it larger; -1: they are not what they should be. */
  readonly pad: number;
}
