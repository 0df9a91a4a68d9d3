import { EngineError, type ErrorCode, messageOf } from '../api/errors.ts';
import type { AskSchemas, EventSchemas, Schema } from '../api/event-schemas.ts';
import { checkHandledName } from '../codec/event-rules.ts';
import { isObject } from '../options/option-rules.ts';
import { shown } from '../options/show-value.ts';

/** The schemas of one event. */
export interface EventEntry {
  readonly payload: Schema;
  readonly answer: Schema | undefined;
}

const ENTRY = 'a schema (Standard Schema: zod, Valibot, ArkType, …) or { payload, answer } of such';
const MEMBERS = ['payload', 'answer'];

/**
 * Looks at the schemas of a server's events.
 * @param what names them in errors
 * @param maxBytes of UTF-8 in a name
 * @throws EngineError `code`, in words
 */
export function schemaTable(
  events: unknown,
  what: string,
  code: ErrorCode,
  maxBytes: number,
): ReadonlyMap<string, EventEntry> {
  const fail = (message: string) => new EngineError(code, `${what}${message}`);
  if (!isObject(events)) throw fail(`: ${shown(events)} is not an object of schemas by event`);
  if (isSchema(events)) {
    throw fail(': this is one schema; an object of schemas by event is needed, { chat: schema }');
  }
  const table = new Map<string, EventEntry>();
  for (const [event, entry] of Object.entries(events as EventSchemas)) {
    try {
      checkHandledName(event, maxBytes);
    } catch (error) {
      throw fail(`: ${messageOf(error)}`);
    }
    const read = readEntry(entry);
    if (typeof read === 'string') throw fail(`.${event}: ${read}`);
    table.set(event, read);
  }
  return table;
}

/** The schemas of an entry; a text says what is wrong with it. */
function readEntry(entry: unknown): EventEntry | string {
  if (isSchema(entry)) return { payload: entry, answer: undefined };
  if (!isObject(entry)) return `${shown(entry)} is not ${ENTRY}`;
  const { payload, answer, ...others } = entry as AskSchemas & Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) return `${other}: no such schema; there are ${MEMBERS.join(', ')}`;
  if (!isSchema(payload)) return `payload: ${shown(payload)} is not a schema`;
  if (answer !== undefined && !isSchema(answer)) return `answer: ${shown(answer)} is not a schema`;
  return { payload, answer };
}

/** Whether something has the Standard Schema interface: schemas of some libraries are functions. */
function isSchema(value: unknown): value is Schema {
  const isCandidate = typeof value === 'function' || (typeof value === 'object' && value !== null);
  const standard = isCandidate ? (value as Partial<Schema>)['~standard'] : undefined;
  return typeof standard?.validate === 'function';
}
