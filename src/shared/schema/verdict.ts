import type { Schema } from '../api/event-schemas.ts';
import { issueText } from './issue-text.ts';

/** The result of a check: the value that the schema makes of it, or the fault of the value. */
export type Verdict = Valid | Invalid;

/** A value that matches. */
interface Valid {
  readonly value: unknown;
  readonly fault?: undefined;
}

/** A value that does not match. */
interface Invalid {
  /** Says where and why, in one short line. */
  readonly fault: string;
}

type Result = Awaited<ReturnType<Schema['~standard']['validate']>>;

/**
 * Checks a value of the other side. One that was left out arrives as '' in text and as null in
 * msgpack: where the schema does not take those, it gets undefined.
 * @returns a promise where the schema is async
 * @throws anything that the schema throws
 */
export function judge(schema: Schema, value: unknown): Verdict | Promise<Verdict> {
  const result = schema['~standard'].validate(value);
  if (isPromise(result)) return judgeLater(schema, value, result);
  if (result.issues === undefined) return result;
  if (!mayBeAbsent(value)) return { fault: issueText(result.issues) };
  const absent = schema['~standard'].validate(undefined);
  if (isPromise(absent)) return Promise.resolve(absent).then((other) => either(other, result));
  return either(absent, result);
}

/** Checks a value that is sent, as {@link judge}. It is sent as it is. */
export function judgeSent(schema: Schema, value: unknown): Verdict | Promise<Verdict> {
  const result = schema['~standard'].validate(value);
  return isPromise(result) ? Promise.resolve(result).then(verdictOf) : verdictOf(result);
}

async function judgeLater(
  schema: Schema,
  value: unknown,
  pending: Promise<Result>,
): Promise<Verdict> {
  const result = await pending;
  if (result.issues === undefined || !mayBeAbsent(value)) return verdictOf(result);
  return either(await schema['~standard'].validate(undefined), result);
}

/** The verdict on undefined where that matches; else that on the value that came. */
function either(absent: Result, result: Result): Verdict {
  return absent.issues === undefined ? absent : verdictOf(result);
}

function verdictOf(result: Result): Verdict {
  return result.issues === undefined ? result : { fault: issueText(result.issues) };
}

function mayBeAbsent(value: unknown): boolean {
  return value === '' || value === null;
}

/** Whether a schema takes its time. A promise of another kind must not pass for a result. */
function isPromise(result: Result | Promise<Result>): result is Promise<Result> {
  return typeof (result as Partial<Promise<Result>>).then === 'function';
}
