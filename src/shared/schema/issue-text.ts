import type { StandardSchemaV1 } from '@standard-schema/spec';

type Issues = readonly StandardSchemaV1.Issue[];

/** Most characters of a message, and of a path: a client's values and keys may be in both. */
const MAX_MESSAGE = 160;
const MAX_PATH = 100;
/** Most keys of a path: the rest is not looked at. */
const MAX_KEYS = 16;
const NAME = /^[a-z_$][\w$]*$/i;

/** The first of the issues of a value, in one short line: `at user.age: expected a number`. */
export function issueText(issues: Issues): string {
  const [first] = issues;
  const path = pathText(first?.path ?? []);
  const message = oneLine(String(first?.message ?? 'no reason given'), MAX_MESSAGE);
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return `${path === '' ? '' : `at ${path}: `}${message}${more}`;
}

/** A path as code has it: `users[2].name`. */
function pathText(path: NonNullable<StandardSchemaV1.Issue['path']>): string {
  let text = '';
  for (const part of path.slice(0, MAX_KEYS)) {
    const key = typeof part === 'object' ? part.key : part;
    if (typeof key === 'number') text += `[${key}]`;
    else if (typeof key === 'string' && !NAME.test(key)) text += `['${oneLine(key, MAX_PATH)}']`;
    else text += `${text === '' ? '' : '.'}${oneLine(String(key), MAX_PATH)}`;
  }
  return oneLine(path.length > MAX_KEYS ? `${text}…` : text, MAX_PATH);
}

/** The beginning of a text, without line breaks and other control characters. */
function oneLine(text: string, maxLength: number): string {
  const start = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return start.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').toWellFormed();
}
