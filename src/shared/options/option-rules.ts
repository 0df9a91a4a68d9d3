import { inspect } from 'node:util';
import { EngineError } from '../api/errors.ts';

/** What one option may be: how it is checked, how that is said, and what it is when left out. */
export interface Rule<Value> {
  readonly allowed: string;
  readonly check: (value: unknown) => boolean;
  readonly fallback: Value;
  /** Errors do not show what breaks the rule. */
  readonly secret?: true;
}

/** One rule for each option of options that are filled in. */
export type Rules<Filled> = { readonly [Name in keyof Filled]: Rule<Filled[Name]> };

/** Options with every default filled in; those named `Open` have none, and may be undefined. */
export type Filled<Config, Open extends keyof Config = never> = {
  [Name in keyof Config]-?: Name extends Open ? Config[Name] : Exclude<Config[Name], undefined>;
};

/** Options as the app gives them: what is undefined counts as left out. */
type Given<Filled> = { readonly [Name in keyof Filled]?: Filled[Name] | undefined };

/** A whole number from `minimum` to `maximum`. */
export function integer(minimum: number, maximum: number, fallback: number): Rule<number> {
  return {
    allowed: `a whole number from ${minimum} to ${maximum}`,
    check: (value) =>
      Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
    fallback,
  };
}

/** What a timer of Node.js can wait for, in milliseconds. */
export const MAX_MS = 2 ** 31 - 1;

/** Whether something is '' or a path as the router sees one: without query, in its normal form. */
export function isPathOrEmpty(value: unknown): boolean {
  if (value === '') return true;
  if (typeof value !== 'string' || !value.startsWith('/')) return false;
  // What the URL parser would change could never be asked for.
  return URL.canParse(value, 'http://host') && new URL(value, 'http://host').pathname === value;
}

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[], fallback: Word): Rule<Word> {
  return {
    allowed: words.map((word) => `'${word}'`).join(' or '),
    check: (value) => words.some((word) => word === value),
    fallback,
  };
}

/** A rule in the app's own words. */
export function rule<Value>(
  allowed: string,
  fallback: Value,
  check: (value: unknown) => boolean,
): Rule<Value> {
  return { allowed, check, fallback };
}

/** A rule for what may be a key, or have one in it: errors do not show it. */
export function secretRule(allowed: string, check: (value: unknown) => boolean): Rule<undefined> {
  return { allowed, check, fallback: undefined, secret: true };
}

/** Whether something is a string, and not ''. */
export function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** Whether something is an object, and no array. */
export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A function, or nothing. */
export function optionalFunction(): Rule<undefined> {
  return rule('a function', undefined, (value) => typeof value === 'function');
}

/**
 * The options with every default filled in.
 * @param prefix stands before an option's name in errors
 * @throws EngineError ERR_OPTION naming the option, its value and what is allowed
 */
export function applyRules<Filled extends object>(
  rules: Rules<Filled>,
  options: Given<Filled>,
  prefix = '',
): Filled {
  if (options === null || typeof options !== 'object') {
    const what = prefix === '' ? 'options' : prefix.slice(0, -1);
    throw new EngineError('ERR_OPTION', `${what} must be an object, not ${show(options)}`);
  }
  const names = Object.keys(rules) as (keyof Filled & string)[];
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(rules, name)) continue;
    const known = names.join(', ');
    throw new EngineError('ERR_OPTION', `${prefix}${name}: no such option; there are ${known}`);
  }
  const result: Partial<Filled> = {};
  for (const name of names) {
    const { allowed, check, fallback, secret } = rules[name];
    const value = options[name];
    if (value !== undefined && !check(value)) {
      throw secret
        ? secretError(prefix + name, allowed)
        : optionError(prefix + name, value, allowed);
    }
    result[name] = value === undefined ? fallback : value;
  }
  return result as Filled;
}

/** An ERR_OPTION that names the option, its value and what is allowed. */
export function optionError(name: string, value: unknown, allowed: string): EngineError {
  return new EngineError('ERR_OPTION', `${name}: ${show(value)} is not ${allowed}`);
}

/** A value in an error: an object of the app is named and not opened, it may hold keys. */
function show(value: unknown): string {
  if (value instanceof URL) return `URL ${inspect(value.href)}`;
  const isOpen = typeof value !== 'function' && (!isObject(value) || isPlain(value as object));
  if (isOpen) return inspect(value, { depth: 0, maxStringLength: 80, maxArrayLength: 10 });
  const { name } = typeof value === 'function' ? value : (value as object).constructor;
  return typeof value === 'function' ? `the function ${name}`.trimEnd() : `an instance of ${name}`;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** An ERR_OPTION that names the option and what is allowed, but not its value. */
export function secretError(name: string, allowed: string): EngineError {
  return new EngineError('ERR_OPTION', `${name} must be ${allowed}`);
}
