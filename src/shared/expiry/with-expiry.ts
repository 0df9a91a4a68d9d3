import { EngineError } from '../api/errors.ts';
import { Refusal } from '../api/refusal.ts';
import { optionError } from '../options/option-rules.ts';

/** Milliseconds below which a time is one in seconds, such as `exp` of a JWT: it lies before 1974. */
const SECONDS = 2 ** 37;
/** The last millisecond of a Date. */
const LAST = 8.64e15;

/** Under this key no data of an app lies. */
const DATA: unique symbol = Symbol('data');

/** The result of {@link withExpiry}. */
export interface WithExpiry<Data> {
  readonly [DATA]: Data;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Makes a result of `authorize` that holds until a time: the connection ends then, unless its client
 * has sent a new token.
 * @param data becomes `connection.data`
 * @param expiresAt a Date, or milliseconds since the epoch; `authorize` refuses with 401 where it has
 *   passed
 * @throws EngineError ERR_OPTION for anything else, seconds among it
 */
export function withExpiry<Data>(data: Data, expiresAt: Date | number): WithExpiry<Data> {
  return { [DATA]: data, expiresAt: timeOf(expiresAt) };
}

/** The results of `authorize` for a type of `data`; `false` refuses. */
export type Decided<Data> = Data | WithExpiry<Data> | false;

function timeOf(expiresAt: unknown): number {
  const time = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  if (typeof time === 'number' && time >= 1 && time < SECONDS) {
    const text = `expiresAt: ${time} is a time in 1974 or before; are these seconds? Give milliseconds`;
    throw new EngineError('ERR_OPTION', text);
  }
  if (typeof time === 'number' && Math.abs(time) <= LAST) return time;
  throw optionError('expiresAt', expiresAt, 'a Date, or milliseconds since the epoch');
}

/** A decision of `authorize`. */
export interface Decision {
  readonly data: unknown;
  /** Milliseconds since the epoch; undefined: it always holds. */
  readonly expiresAt?: number;
}

/**
 * Takes a result of `authorize` apart.
 * @throws Refusal 401 where it is `false`, or its time has passed
 */
export function decisionOf(result: unknown): Decision {
  const isExpiring = typeof result === 'object' && result !== null && DATA in result;
  const decision = isExpiring ? bare(result as WithExpiry<unknown>) : { data: result };
  if (decision.data === false) throw new Refusal(401);
  return decision;
}

function bare({ [DATA]: data, expiresAt }: WithExpiry<unknown>): Decision {
  if (expiresAt <= Date.now()) throw new Refusal(401, 'the token has expired');
  return { data, expiresAt };
}
