import { EngineError } from '../api/errors.ts';
import { shown } from './show-value.ts';

/** The check of one option, and its allowed values as errors say them. */
export interface Check {
  readonly allowed: string;
  readonly check: (value: unknown) => boolean;
  /** Keeps a wrong value out of errors. */
  readonly secret?: true;
}

/** A check, and the value of an option that is left out. */
export interface Rule<Value> extends Check {
  readonly fallback: Value;
}

/** One rule for each option of options that are filled in. */
export type Rules<Filled> = { readonly [Name in keyof Filled]: Rule<Filled[Name]> };

/** Options with every default filled in; those named `Open` have none, and may be undefined. */
export type Filled<Options, Open extends keyof Options = never> = {
  [Name in keyof Options]-?: Name extends Open ? Options[Name] : Exclude<Options[Name], undefined>;
};

/** A whole number from `minimum` to `maximum`; without a fallback it may be left out. */
export function integer(minimum: number, maximum: number): Rule<undefined>;
export function integer(minimum: number, maximum: number, fallback: number): Rule<number>;
export function integer(
  minimum: number,
  maximum: number,
  fallback?: number,
): Rule<number | undefined> {
  return rule(
    `a whole number from ${minimum} to ${maximum}`,
    fallback,
    (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  );
}

/** A number from `minimum` to `maximum`, whole or not. */
export function number(minimum: number, maximum: number): Rule<undefined> {
  return rule(
    `a number from ${minimum} to ${maximum}`,
    undefined,
    (value) => Number.isFinite(value) && Number(value) >= minimum && Number(value) <= maximum,
  );
}

/** The longest wait of a timer of Node.js, in milliseconds. */
export const MAX_MS = 2 ** 31 - 1;

/** Whether something is '' or a path as the router sees one: without query, in its normal form. */
export function isPathOrEmpty(value: unknown): boolean {
  if (value === '') return true;
  if (typeof value !== 'string' || !value.startsWith('/')) return false;
  // No request has a path that the URL parser would change.
  return URL.canParse(value, 'http://host') && new URL(value, 'http://host').pathname === value;
}

const COMPLETE = /^(?:\/|[a-z][a-z0-9+.-]*:|$)/i;

/** A path with the slash that it begins with; '', URLs, and what is no text stay as they are. */
export function withSlash(path: string): string {
  return typeof path !== 'string' || COMPLETE.test(path) ? path : `/${path}`;
}

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[], fallback: Word): Rule<Word> {
  const allowed = words.map((word) => `'${word}'`).join(' or ');
  return rule(allowed, fallback, (value) => words.some((word) => word === value));
}

/** A rule in the app's own words. */
export function rule<Value>(
  allowed: string,
  fallback: Value,
  check: (value: unknown) => boolean,
): Rule<Value> {
  return { allowed, check, fallback };
}

/** A rule for a value that may be a key, or have one in it: errors do not show it. */
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

/** Whether something can be called. */
export function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

/** A function, or nothing. */
export function optionalFunction(): Rule<undefined> {
  return rule('a function', undefined, isFunction);
}

/**
 * Checks options by their rules.
 * @param prefix stands before an option's name in errors
 * @param what names the options as a whole in errors
 * @throws EngineError ERR_OPTION naming the option, its value and what is allowed
 */
export function checkOptions(
  rules: Readonly<Record<string, Check>>,
  options: object,
  prefix = '',
  what = prefix.slice(0, -1) || 'options',
): void {
  if (options === null || typeof options !== 'object') {
    throw new EngineError('ERR_OPTION', `${what} must be an object, not ${shown(options)}`);
  }
  const known = Object.keys(rules);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new EngineError(
      'ERR_OPTION',
      `${prefix}${name}: no such option; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`,
    );
  }
  for (const [name, { allowed, check, secret }] of Object.entries(rules)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || check(value)) continue;
    throw secret ? secretError(prefix + name, allowed) : optionError(prefix + name, value, allowed);
  }
}

/** Checks options as {@link checkOptions} does, and fills in every default. */
export function applyRules<Filled extends object>(
  rules: Rules<Filled>,
  options: { readonly [Name in keyof Filled]?: Filled[Name] | undefined },
  prefix?: string,
  what?: string,
): Filled {
  checkOptions(rules, options, prefix, what);
  const result: Partial<Filled> = {};
  for (const name of Object.keys(rules) as (keyof Filled)[]) {
    const value = options[name];
    result[name] = value === undefined ? rules[name].fallback : value;
  }
  return result as Filled;
}

/** An ERR_OPTION that names the option, its value and what is allowed. */
export function optionError(name: string, value: unknown, allowed: string): EngineError {
  return new EngineError('ERR_OPTION', `${name}: ${shown(value)} is not ${allowed}`);
}

/** An ERR_OPTION that names the option and what is allowed, but not its value. */
export function secretError(name: string, allowed: string): EngineError {
  return new EngineError('ERR_OPTION', `${name} must be ${allowed}`);
}
