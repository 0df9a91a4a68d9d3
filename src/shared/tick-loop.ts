import type { Mailbox } from './mailbox.ts';

/**
 * A thread's data plane, turn by turn: drain the mailbox, deliver, flush. A turn runs behind the
 * event loop's poll phase, so that everything which came in one phase leaves together; after a turn
 * that found nothing the thread may sleep until its doorbell rings.
 */
export class TickLoop {
  readonly #mailbox: Mailbox;
  readonly #deliver: () => void;
  #scheduled = false;
  #stopped = false;

  /** @param deliver runs between drain and flush */
  constructor(mailbox: Mailbox, deliver: () => void) {
    this.#mailbox = mailbox;
    this.#deliver = deliver;
  }

  /** Asks for a turn. */
  readonly schedule = (): void => {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  };

  /** No turn runs from now on. */
  stop(): void {
    this.#stopped = true;
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#stopped) return;
    this.#mailbox.awake();
    const busy = this.#mailbox.drain();
    this.#deliver();
    this.#mailbox.flush();
    if (busy || !this.#mailbox.sleep()) this.schedule();
  };
}
