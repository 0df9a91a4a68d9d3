import type { EngineError } from '../../shared/api/errors.ts';
import type { DisconnectReason } from '../../shared/api/public-types.ts';
import { buildCloseFrame, CLOSE_CODES } from '../../shared/codec/frame.ts';
import type { Transport } from '../write/transport.ts';
import type { ShardSocket } from './socket-context.ts';

/*
 * The life of a connection as a line of states (RFC 6455 section 7).
 *
 *   open
 *    ├─ disconnect ────▶ closing ───┐ client's Close, or the end of its side
 *    ├─ clientEnds, ───▶ answering ─┤ concluded, or closeTimeout
 *    │  socketEnded                 │
 *    └─ broken, terminate ──────────┴───────────▶ ending ──closed──▶ closed
 *
 *   state     | rooms, handlers | takes frames        | after closeTimeout
 *   open      | yes             | yes                 |
 *   closing   | no              | no                  | destroyed
 *   answering | no              | of handlers         | answered: ending
 *             |                 |   on the primary    |
 *   ending    | no              | no                  | destroyed
 *   closed    | no              | no                  |
 *
 * Beside the state it is opening, until its handlers have been told of it. No bytes leave before:
 * the 101 is the first of them. It may end meanwhile, and its closing goes on behind the 101.
 *
 * In `answering` the client has ended it, by a Close or by the end of its side of the socket, and
 * closures on the primary have not said yet that they know: our end goes behind all that they have
 * sent. Handlers in this thread have sent it by then, so that `answering` is over at once. A handler
 * that disconnects before it answers an ask brings about `answering` too; `closing` follows then.
 */
type State = 'open' | 'closing' | 'answering' | 'ending' | 'closed';

/** A connection as its closing needs it. */
interface ClosingSocket extends Pick<ShardSocket, 'batch' | 'queue'> {
  /** Queues the frames that have been kept back for it. */
  sendKept(): void;
  /**
   * Ends it for rooms and handlers.
   * @returns false if handlers may have sent something that is still on its way
   */
  conclude(reason: DisconnectReason): boolean;
}

/** The state of a connection, and its closing handshake. */
export class Closing {
  readonly #socket: ClosingSocket;
  readonly #transport: Pick<Transport, 'end' | 'destroy'>;
  #state: State = 'open';
  #isOpening = true;
  /** The time when it came, or ended for rooms and handlers: ms, monotonic. */
  #since: number;
  /** The Close that is owed to the client in `answering`; undefined: it has sent none itself. */
  #answer: Buffer | undefined;
  /** Whether in `answering` it is the server that ends it, and the client has not done so too. */
  #isOurs = false;

  /** @param now ms, monotonic */
  constructor(
    socket: ClosingSocket,
    transport: Pick<Transport, 'end' | 'destroy'>,
    now = performance.now(),
  ) {
    this.#since = now;
    this.#socket = socket;
    this.#transport = transport;
  }

  /** Whether rooms and handlers have it. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether frames may be queued for it. */
  get takesFrames(): boolean {
    return this.isOpen || this.#state === 'answering';
  }

  /** Whether all bytes wait, the 101 first, until the handlers know of the connection. */
  get isOpening(): boolean {
    return this.#isOpening;
  }

  /** Whether our side of the socket ends behind what is queued. */
  get isEnding(): boolean {
    return this.#state === 'ending';
  }

  /** Lets bytes leave: the handlers know of the connection. */
  opened(): void {
    this.#isOpening = false;
    this.giveTime(performance.now()); // the client can answer from now on
  }

  /** Notes that the client has been refused: no 101 goes out, and our side ends. */
  refused(reason: string): void {
    this.#isOpening = false;
    this.#break(reason);
    this.end();
  }

  /** Whether it has been opening for longer than this. @param now ms, monotonic */
  isOverdue(now: number, timeoutMs: number): boolean {
    return this.isOpening && now - this.#since > timeoutMs;
  }

  /** Whether answers of handlers go ahead of the server's own Close. */
  get owesAnswers(): boolean {
    return this.#state === 'answering' && this.#isOurs;
  }

  /**
   * Starts the closing handshake, behind all frames that have been sent.
   * @param owesAnswers whether answers follow, and go ahead of the Close; `concluded` behind them
   */
  disconnect(code: number, reason: string, owesAnswers = false): void {
    if (!this.isOpen) return;
    this.#socket.sendKept();
    const close = buildCloseFrame(code, reason);
    if (owesAnswers) this.#answer = close;
    else this.#socket.queue(close);
    this.#isOurs = owesAnswers;
    this.#conclude(owesAnswers ? 'answering' : 'closing', { code, reason });
  }

  /**
   * Takes the client's Close, or the client's error that ends the connection.
   * @param answer the code of our Close; undefined = it has none
   * @param told the reason in our Close
   */
  clientEnds(answer: number | undefined, reason: DisconnectReason, told = ''): void {
    if (this.isOpen) {
      this.#socket.sendKept();
      this.#answer = buildCloseFrame(answer, told);
      if (this.#conclude('answering', reason)) this.concluded();
    } else if (this.#state === 'closing') this.end(); // it has answered ours
    this.#isOurs = false;
  }

  /** Sends the answer that is owed: the handlers know that the client has ended the connection. */
  concluded(): void {
    if (this.#state !== 'answering') return; // the server has ended it
    if (this.#answer !== undefined) this.#socket.queue(this.#answer);
    this.#answer = undefined;
    if (!this.#isOurs) {
      this.end();
      return;
    }
    this.#state = 'closing';
    this.#since = performance.now();
  }

  /** Ends it at once, without a closing handshake. */
  terminate(error?: EngineError): void {
    this.#break(error?.message);
    this.#transport.destroy();
  }

  /** Notes that the client has ended its side of the socket. */
  socketEnded(): void {
    if (this.isOpen) {
      this.#socket.sendKept();
      const reason = { code: CLOSE_CODES.ABNORMAL, reason: '' };
      if (this.#conclude('answering', reason)) this.concluded();
    } else if (this.#state !== 'answering') this.end();
    this.#isOurs = false;
  }

  /** Notes that the socket is gone. */
  socketClosed(): void {
    this.#break();
    this.#state = 'closed';
  }

  /** Ends our side of the socket behind all queued frames, without waiting for an answer. */
  end(): void {
    if (this.#state !== 'closed') this.#state = 'ending';
    if (this.#socket.batch === undefined) this.#transport.end(); // else the flush does
  }

  /** Begins `closeTimeout` anew: nobody has looked for long. @param now ms, monotonic */
  giveTime(now: number): void {
    if (!this.isOpen || this.isOpening) this.#since = now;
  }

  /** Ends a connection for good that has closed and stays for more than `closeTimeout` (ms). */
  sweep(now: number, closeTimeout: number): void {
    if (this.#isOpening) return;
    if (now - this.#since <= closeTimeout) return;
    // Nothing waits for late closures any longer: the client is answered. A late client is cut.
    if (this.#state === 'answering') this.concluded();
    else this.#transport.destroy();
  }

  #break(reason = ''): void {
    if (this.isOpen) this.#conclude('ending', { code: CLOSE_CODES.ABNORMAL, reason });
  }

  #conclude(state: State, reason: DisconnectReason): boolean {
    this.#state = state; // first: the conclusion may read, and come here again
    this.#since = performance.now();
    return this.#socket.conclude(reason);
  }
}
