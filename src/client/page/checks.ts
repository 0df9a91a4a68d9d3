import { EngineError } from '../../shared/api/errors.ts';
import { CODEC_SUBPROTOCOLS } from '../../shared/codec/codec.ts';
import { utf8 } from '../../shared/codec/event-rules.ts';
import {
  type Check,
  checkOptions,
  integer,
  isFunction,
  isObject,
  isText,
  MAX_MS,
  optionalFunction,
  optionError,
  rule,
} from '../../shared/options/option-rules.ts';
import { shown } from '../../shared/options/show-value.ts';
import type { ReconnectOptions, WsOptions } from './options.ts';

/** The rules of the options of a page's client. */
export const RULES: Record<keyof WsOptions, Check> = {
  acks: rule('true or false', undefined, (value) => typeof value === 'boolean'),
  codec: rule("'text' or 'msgpack'", undefined, isCodec),
  connectTimeoutMs: integer(1, MAX_MS),
  eventPrefix: rule('a string that is not empty', undefined, isText),
  idleTimeoutMs: integer(0, MAX_MS),
  maxBufferedBytes: integer(0, Number.MAX_SAFE_INTEGER),
  maxQueuedMessages: integer(0, Number.MAX_SAFE_INTEGER),
  probeTimeoutMs: integer(1, MAX_MS),
  reconnect: rule('false or an object', undefined, (value) => value === false || isObject(value)),
  WebSocket: rule('a constructor', undefined, isFunction),
};

const RECONNECT_RULES: Record<keyof ReconnectOptions, Check> = {
  factor: rule(
    'a number from 1',
    undefined,
    (value) => Number.isFinite(value) && Number(value) >= 1,
  ),
  maxDelayMs: integer(1, MAX_MS),
  minDelayMs: integer(1, MAX_MS),
  shouldReconnect: optionalFunction(),
  stableMs: integer(0, MAX_MS),
};

/**
 * Checks the arguments of a client.
 * @param rules of its options
 * @throws TypeError where the URL is none; EngineError ERR_OPTION
 */
export function checkClient(
  url: unknown,
  protocols: unknown,
  options: WsOptions,
  rules: Readonly<Record<string, Check>> = RULES,
): void {
  if (typeof url !== 'string' && !(url instanceof URL)) {
    throw new TypeError(`url: ${shown(url)} is not a string or a URL`);
  }
  if (![protocols ?? []].flat().every((protocol) => typeof protocol === 'string')) {
    throw optionError('protocols', protocols, 'a string or an array of strings');
  }
  checkOptions(rules, options);
  if (options.reconnect) checkOptions(RECONNECT_RULES, options.reconnect, 'reconnect.');
}

/**
 * Checks that a WebSocket of a browser sends a code and a reason (WebSockets Standard, `close`).
 * @throws EngineError ERR_CLOSE_CODE
 */
export function checkClose(code: number | undefined, reason: string | undefined): void {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new EngineError('ERR_CLOSE_CODE', `code: ${shown(code)} is not 1000 or 3000 to 4999`);
  }
  const { length } = utf8.encode(reason);
  if (length > 123) {
    throw new EngineError('ERR_CLOSE_CODE', `reason: it has ${length} bytes, more than 123`);
  }
}

function isCodec(value: unknown): boolean {
  return Object.hasOwn(CODEC_SUBPROTOCOLS, value as string);
}
