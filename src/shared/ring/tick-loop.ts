import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from '../time/timers.ts';
import { DrainShare } from './drain-share.ts';
import type { Mailbox } from './mailbox.ts';

/** The most that a turn reads of one ring. */
const RECORDS_PER_TURN = 1024;
/** Milliseconds that a turn reads rings: whoever is not the sender of so much waits no longer. */
const MS_PER_TURN = 4;

/** A record, and the peers that it is for. */
export interface RoutedRecord {
  readonly peers: readonly number[];
  readonly record: Buffer;
}

/**
 * A thread's data plane, turn by turn: drain the mailbox, deliver, flush. A turn runs behind the
 * event loop's poll phase, so that all that came in one phase leaves together. After a turn that
 * found nothing the thread may sleep until a peer wakes it.
 *
 * Every turn runs in the asynchronous context in which the loop was made. The code that asks for a
 * turn, or wakes the thread, has one of its own: the `AsyncLocalStorage` of one user, say.
 */
export class TickLoop {
  /** The asynchronous context of all turns. */
  readonly context = new AsyncResource('fanring.TickLoop');
  readonly #mailbox: Mailbox;
  readonly #deliver: () => void;
  readonly #rest: (() => boolean) | undefined;
  readonly #share = new DrainShare(RECORDS_PER_TURN, MS_PER_TURN);
  #scheduled = false;
  #stopped = false;

  /**
   * @param deliver runs between drain and flush
   * @param rest runs at the end of a turn; returns whether there is work for another one
   */
  constructor(mailbox: Mailbox, deliver: () => void, rest?: () => boolean) {
    this.#mailbox = mailbox;
    this.#deliver = deliver;
    this.#rest = rest;
  }

  /** Asks for a turn. */
  readonly schedule = (): void => {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(this.#turnInContext);
  };

  /**
   * Sends records to peers. The next turn wakes them before it delivers: once, for all records that
   * this thread has sent by then.
   * @throws EngineError ERR_OUTBOX_FULL, and then no peer has got any of them
   */
  send(records: readonly RoutedRecord[]): void {
    if (records.length > 1) {
      const bytes = records.reduce((sum, { record }) => sum + record.length, 0);
      for (const { peers } of records) this.#mailbox.checkRoom(peers, bytes);
    }
    for (const { peers, record } of records) this.#mailbox.send(peers, record);
    this.schedule();
  }

  /** Sends a record past the bound of the outbox. */
  sendAlways(peer: number, record: Uint8Array): void {
    this.#mailbox.sendAlways(peer, record);
    this.schedule();
  }

  /** Ends the loop: no turn runs from now on. */
  stop(): void {
    this.#stopped = true;
    this.#mailbox.wake();
  }

  readonly #turnInContext = (): void => this.context.runInAsyncScope(this.#turn);

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#stopped) return;
    this.#mailbox.awake();
    const busy = this.#mailbox.drain(this.#share);
    this.#mailbox.wake();
    this.#deliver();
    this.#mailbox.flush();
    const hasMore = this.#rest?.() ?? false;
    if (busy || hasMore || !this.#mailbox.sleep()) this.schedule();
  };
}
