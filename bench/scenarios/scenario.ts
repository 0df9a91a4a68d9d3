import type { MessageKind } from '../load/dialect.ts';

/** Groups of connections, each with so many messages in flight: a new one when one is delivered. */
export interface ClosedLoop {
  readonly kind: 'closed-loop';
  readonly message: MessageKind;
  /** So many, each a room with one sender; 'each' = every connection by itself. */
  readonly groups: number | 'each';
  readonly connections: number;
  /** Messages in flight in each group. */
  readonly inFlight: number;
  /** Bytes of a message's payload. */
  readonly bytes: number;
  /** Deliveries that are measured at least, however long it takes. */
  readonly minDeliveries?: number;
}

/** Connections that are opened, and closed again, round after round. */
export interface OpenAndClose {
  readonly kind: 'open';
  readonly connections: number;
  /** That are measured. */
  readonly rounds: number;
}

/** Connections that do nothing. */
export interface Idle {
  readonly kind: 'idle';
  readonly connections: number;
}

/** What is done to a server. */
export interface Scenario {
  /** How it is called in filters and results. */
  readonly id: string;
  readonly title: string;
  readonly load: ClosedLoop | OpenAndClose | Idle;
  /** Whether the quick run has it. */
  readonly quick: boolean;
}
