import { messageOf } from '../api/errors.ts';
import { DueTimes } from './due-times.ts';

/** The time until which a connection may stay. */
export interface Expiry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Whether its client can be asked for a new token. */
  readonly asks: boolean;
}

/** The outcome of a new token. */
export type Renewal =
  /** `authorize` has let it in; without `expiresAt` the connection never expires any more. */
  | { readonly outcome: 'renewed'; readonly data: unknown; readonly expiresAt?: number }
  /** `refused` ends the connection at once, `failed` at its expiry. */
  | { readonly outcome: 'refused' | 'failed'; readonly why: string };

/** Has `authorize` decide on a new token of a connection; never rejects. */
export type Renew = (connection: number, token: string) => Promise<Renewal>;

/** A connection as its expiry needs it. */
export interface Expirable {
  readonly number: number;
  /** Whether it is being closed, or has ended. */
  readonly isLeaving: boolean;
  /** Asks its client for a new token. @throws EngineError where no answer comes in time */
  askToken(timeoutMs: number): Promise<unknown>;
  changeData(data: unknown): void;
  /**
   * Closes it with 4401.
   * @param reason for the client
   * @param why for the handlers
   * @throws EngineError ERR_OUTBOX_FULL
   */
  expire(reason: string, why: string): void;
  /** Calls `fn` when it has ended. */
  onEnd(fn: () => void): void;
}

/** One connection whose time is limited. */
interface Limited {
  readonly connection: Expirable;
  at: number;
  asks: boolean;
  /** The reason why there is no new token. */
  why: string;
}

/** The longest time before its expiry that a client is asked for a new token, in ms. */
const MAX_AHEAD = 60_000;
/** The share of a token's remaining time that is left when the client is asked. */
const SHARE_LEFT = 1 / 3;

/**
 * The connections of one server in one thread that may stay for a limited time only. Their clients
 * are asked for a new token when a third of the time is left, at most a minute.
 */
export class Expiries {
  readonly #renew: Renew;
  readonly #counters: { expired: number };
  readonly #dueTimes = new DueTimes<Limited>((one) => this.#due(one));

  /** @param counters count the connections that are closed */
  constructor(renew: Renew, counters: { expired: number }) {
    this.#renew = renew;
    this.#counters = counters;
  }

  /** Looks after a connection until it ends. */
  watch(connection: Expirable, { at, asks }: Expiry): void {
    const why = asks ? 'there was no time to ask' : 'its client cannot be asked';
    const one = { connection, at, asks, why: `${why} for another` };
    this.#setTimes(one);
    connection.onEnd(() => this.#dueTimes.delete(one));
  }

  #setTimes(one: Limited): void {
    const { at, asks } = one;
    const ahead = Math.min(MAX_AHEAD, (at - Date.now()) * SHARE_LEFT);
    this.#dueTimes.set(one, asks && ahead > 0 ? at - ahead : at);
  }

  #due(one: Limited): void {
    const { connection, at } = one;
    if (connection.isLeaving) return;
    const left = at - Date.now();
    if (left <= 0) {
      this.#expire(one, 'the token has expired');
      return;
    }
    this.#dueTimes.set(one, at);
    if (one.asks) void this.#ask(one, left);
  }

  async #ask(one: Limited, left: number): Promise<void> {
    const { connection } = one;
    one.asks = false; // until there is a new one
    one.why = 'a new one has not come in time';
    const renewal = await this.#askAndRenew(connection, left);
    if (connection.isLeaving) return;
    if (renewal.outcome === 'renewed') {
      const { data, expiresAt } = renewal;
      if (expiresAt === undefined) this.#dueTimes.delete(one);
      else {
        one.at = expiresAt;
        one.asks = true;
        this.#setTimes(one);
      }
      connection.changeData(data);
      return;
    }
    one.why = renewal.why;
    if (renewal.outcome === 'refused') this.#expire(one, 'the new token was refused');
  }

  async #askAndRenew(connection: Expirable, left: number): Promise<Renewal> {
    let token: unknown;
    try {
      token = await connection.askToken(Math.ceil(left));
    } catch (error) {
      return { outcome: 'failed', why: messageOf(error) };
    }
    if (typeof token !== 'string') return { outcome: 'failed', why: 'the new one is no string' };
    return this.#renew(connection.number, token);
  }

  #expire(one: Limited, reason: string): void {
    try {
      one.connection.expire(reason, `${reason}: ${one.why}`);
      this.#dueTimes.delete(one);
      this.#counters.expired += 1;
    } catch {
      this.#dueTimes.set(one, Date.now()); // the outbox is full: at the next look
    }
  }
}
