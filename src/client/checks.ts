import { EngineError } from '../shared/api/errors.ts';
import { CODEC_SUBPROTOCOLS } from '../shared/codec/codec.ts';
import { checkHandledName } from '../shared/codec/event-rules.ts';
import type { WsOptions } from './options.ts';

/** What an option may be: how that is said, and how it is checked. */
type Rule = readonly [allowed: string, check: (value: unknown) => boolean];

const MAX_EVENT_NAME_BYTES = 2 ** 16;
const LONGEST_TIMER = 2 ** 31 - 1;

const RULES: Record<keyof WsOptions, Rule> = {
  acks: ['true or false', (value) => typeof value === 'boolean'],
  codec: ["'text' or 'msgpack'", (value) => Object.hasOwn(CODEC_SUBPROTOCOLS, value as string)],
  connectTimeoutMs: integer(1),
  eventPrefix: ['a string that is not empty', (value) => typeof value === 'string' && value !== ''],
  idleTimeoutMs: integer(0),
  maxBufferedBytes: integer(0, Number.MAX_SAFE_INTEGER),
  maxQueuedMessages: integer(0, Number.MAX_SAFE_INTEGER),
  probeTimeoutMs: integer(1),
  reconnect: ['false or an object', (value) => value === false || isObject(value)],
  WebSocket: ['a constructor', isFunction],
};

const RECONNECT_RULES: Record<keyof Exclude<WsOptions['reconnect'], false | undefined>, Rule> = {
  factor: ['a number from 1', (value) => Number.isFinite(value) && Number(value) >= 1],
  maxDelayMs: integer(1),
  minDelayMs: integer(1),
  shouldReconnect: ['a function', isFunction],
  stableMs: integer(0),
};

/**
 * Refuses what a client cannot be made with.
 * @throws TypeError for what is no URL; EngineError ERR_OPTION
 */
export function checkClient(url: unknown, protocols: unknown, options: WsOptions): void {
  if (typeof url !== 'string' && !(url instanceof URL)) {
    throw new TypeError(`url: ${shown(url)} is not a string or a URL`);
  }
  if (![protocols ?? []].flat().every((protocol) => typeof protocol === 'string')) {
    throw wrong('protocols', protocols, 'a string or an array of strings');
  }
  if (!isObject(options)) throw wrong('options', options, 'an object');
  checkAll(RULES, options, '');
  if (options.reconnect) checkAll(RECONNECT_RULES, options.reconnect, 'reconnect.');
}

/**
 * Refuses the name of an event that could never come.
 * @throws EngineError ERR_EVENT_NAME
 */
export function checkEvent(event: string): void {
  checkHandledName(event, MAX_EVENT_NAME_BYTES);
}

/**
 * Refuses a listener that cannot be called.
 * @throws EngineError ERR_OPTION
 */
export function checkListener(listener: unknown): void {
  if (!isFunction(listener)) throw wrong('a listener', listener, 'a function');
}

/**
 * Refuses what a WebSocket of a browser does not send (WebSockets Standard, `close`).
 * @throws EngineError ERR_CLOSE_CODE
 */
export function checkClose(code: number | undefined, reason: string | undefined): void {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new EngineError('ERR_CLOSE_CODE', `code: ${shown(code)} is not 1000 or 3000 to 4999`);
  }
  const { length } = new TextEncoder().encode(reason);
  if (length > 123) {
    throw new EngineError('ERR_CLOSE_CODE', `reason: it has ${length} bytes, more than 123`);
  }
}

function checkAll(rules: Record<string, Rule>, options: object, where: string): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const known = Object.keys(rules).join(', ');
      throw new EngineError('ERR_OPTION', `${where}${name}: no such option; there are ${known}`);
    }
    const [allowed, check] = rule;
    if (value !== undefined && !check(value)) throw wrong(where + name, value, allowed);
  }
}

function integer(minimum: number, maximum = LONGEST_TIMER): Rule {
  return [
    `a whole number from ${minimum} to ${maximum}`,
    (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  ];
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function wrong(name: string, value: unknown, allowed: string): EngineError {
  return new EngineError('ERR_OPTION', `${name}: ${shown(value)} is not ${allowed}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`;
  return isObject(value) || isFunction(value) ? `a value of type ${typeof value}` : String(value);
}
