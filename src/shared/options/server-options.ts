import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { EventSchemas } from '../api/event-schemas.ts';
import type { ConnectionRequest } from '../api/public-types.ts';
import type { KeepHeaders } from '../app/kept-headers.ts';
import type { CodecChoice } from '../codec/codec.ts';
import type { Decided } from '../expiry/with-expiry.ts';
import { checkSchemaOptions } from '../schema/schema-options.ts';
import {
  type CompressionOptions,
  type ResolvedCompression,
  resolveCompression,
} from './compression-options.ts';
import {
  applyRules,
  type Filled,
  integer,
  isFunction,
  isObject,
  isPathOrEmpty,
  MAX_MS,
  oneOf,
  optionalFunction,
  optionError,
  type Rules,
  rule,
  withSlash,
} from './option-rules.ts';
import { isOriginList } from './origin-list.ts';
import { type RateLimit, type ResolvedRateLimit, resolveRateLimit } from './rate-limit-options.ts';

const MAX_BYTES = 2 ** 30;
/** A path that is meant to stand for others: no endpoint does. */
const PATTERN = /\*|\/:/;

/** The origins of pages that may connect from a browser. */
export type Origins =
  | 'same-host'
  | '*'
  | readonly string[]
  | ((origin: string, request: ConnectionRequest) => boolean);

/** The way to treat a connection that cannot take its messages. */
export type SlowConsumerChoice = 'close' | 'drop' | 'latest';

/**
 * The options of one server; times in milliseconds, sizes in bytes. Where no range is given, a time
 * is 1 to 2^31 − 1.
 */
export interface ServerOptions<Data = unknown> {
  /**
   * The path of this server, such as '/chat', and no pattern. The first slash may be left out;
   * '' (default) = the server is disabled.
   */
  endpoint?: string | undefined;
  /** The codec of events; 'negotiate' = as each client asks, by subprotocol. Default 'text'. */
  codec?: CodecChoice | undefined;
  /** The beginning of an event in the text codec. Default 'iris-websocket-message:'. */
  eventPrefix?: string | undefined;
  /** A module whose `onConnection` runs in the shards, next to the sockets: a file URL. */
  handlers?: URL | string | undefined;
  /** Schemas of events, for closures: what does not match reaches no handler. Default: none. */
  events?: EventSchemas | undefined;
  /** Whether payloads and answers that are sent are checked by their schemas, too. Default false. */
  checkOutgoing?: boolean | undefined;
  /** Headers that are sent with the 101, and with the HTTP error where an upgrade is refused. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Subprotocols this server speaks; the first of the client's that is among them is chosen. */
  protocols?: readonly string[] | undefined;
  /**
   * Origins that may connect, such as 'https://host:8080', 'https://*.host' for its subdomains,
   * 'capacitor://localhost', 'null'; a request without an Origin header may. Default 'same-host'.
   */
  origins?: Origins | undefined;
  /**
   * Decides on an upgrade. Its result is the connection's `data` and must be structured-cloneable,
   * also in `withExpiry`. `false` refuses with 401, a thrown error that has a `status` with that.
   */
  authorize?: ((request: ConnectionRequest) => Decided<Data> | Promise<Decided<Data>>) | undefined;
  /** Makes the id of a connection; must be unique among the living. Default: random. */
  idGenerator?: ((request: ConnectionRequest) => string) | undefined;
  /** Compresses messages (permessage-deflate, RFC 7692) for clients that offer it. Default false. */
  compression?: boolean | CompressionOptions | undefined;
  /**
   * Largest message, inflated, with all fragments: 1 to 2^30; larger: close 1009. Default 1024. A
   * text has 2^29 − 24 at most: no string is longer.
   */
  maxMessageSize?: number | undefined;
  /** Most bytes taken from a socket in one read: 64 to 2^24. Default 64 KiB. */
  readBufferSize?: number | undefined;
  /** Most bytes joined into one write: 64 to 2^24; a larger message goes alone. Default 16 KiB. */
  writeBufferSize?: number | undefined;
  /** Waiting bytes of which none has moved for so long end the connection. Default 15 000. */
  writeTimeout?: number | undefined;
  /** A ping unanswered, and no byte for so long, 2 at least, end the connection. Default 60 000. */
  pongTimeout?: number | undefined;
  /** Time between two pings; less than pongTimeout. Default 9/10 of it. */
  pingPeriod?: number | undefined;
  /** Time that the client may take to answer a close. Default 5 000. */
  closeTimeout?: number | undefined;
  /** Bytes that may wait for one connection: 1 to 2^30. Default 1 MiB. */
  maxBufferedBytes?: number | undefined;
  /**
   * At that limit: close with 1013, drop whole messages, or keep of each event and room only the
   * latest. Default 'close'.
   */
  slowConsumer?: SlowConsumerChoice | undefined;
  /** Most rooms a connection may be in, its own id's aside: 0 to 2^24. Default 1000. */
  maxRooms?: number | undefined;
  /** Longest room name, in bytes of UTF-8: 1 to 65 535. Default 256. */
  maxRoomNameBytes?: number | undefined;
  /** Longest event name, in bytes of UTF-8: 1 to 65 535. Default 256. */
  maxEventNameBytes?: number | undefined;
  /** Asks of one client that may await their answers: 1 to 2^24; more fail. Default 1000. */
  maxPendingAsks?: number | undefined;
  /**
   * Messages of one client whose handlers may be at work at a time, 1 to 2^24; more wait, in order.
   * 1 = one after the other. Default 64.
   */
  maxConcurrentHandlers?: number | undefined;
  /**
   * Most frames that one message may come in, 1 to 2^24; more: close 1008. Default 1024, or one for
   * each 16 bytes of maxMessageSize where that is more.
   */
  maxFragments?: number | undefined;
  /** Most connections of this server, 1 to 2^32 − 1; more: 503. Default 1 000 000. */
  maxConnections?: number | undefined;
  /** Most of them from one address or IPv6 /64, 0 to 2^32 − 1; more: 429. Default 0: no limit. */
  maxConnectionsPerAddress?: number | undefined;
  /** Rate at which one client may send. Default: no limit. */
  rateLimit?: RateLimit | undefined;
  /**
   * Headers that `connection.request` keeps when `onConnection` has run: 'all', these, or (default)
   * 'safe', all but Cookie, Authorization, Proxy-Authorization.
   */
  keepHeaders?: KeepHeaders | undefined;
}

type FilledServerOptions = Filled<
  ServerOptions,
  'handlers' | 'events' | 'authorize' | 'idGenerator' | 'rateLimit'
>;

/** A server's options as the engine keeps them. */
export type ResolvedServerOptions = Omit<FilledServerOptions, 'compression' | 'rateLimit'> & {
  readonly compression: ResolvedCompression;
  readonly rateLimit: ResolvedRateLimit | undefined;
};

/** The part of a server's options that shards need: no functions, so that it can cross threads. */
export type ShardServerOptions = Omit<
  ResolvedServerOptions,
  'authorize' | 'idGenerator' | 'origins' | 'handlers' | 'events'
> & { readonly handlers: string | undefined };

const PONG_TIMEOUT = 60_000;
const MAX_FRAGMENTS = 2 ** 24;
const MIN_DEFAULT_FRAGMENTS = 1024;
/** Bytes of a small fragment: a client that always sends smaller ones only costs time. */
const FRAGMENT_BYTES = 16;

/** The options of a server that bound the calls of the app. */
export type Limits = Pick<
  ShardServerOptions,
  'maxRooms' | 'maxRoomNameBytes' | 'maxEventNameBytes' | 'maxPendingAsks'
>;

const SERVER_RULES: Rules<FilledServerOptions> = {
  endpoint: rule(
    "'' or a path such as '/chat' without query; '*' and ':name' stand for nothing yet",
    '',
    (value) => isEndpoint(withSlash(value as string)),
  ),
  codec: oneOf<CodecChoice>(['text', 'msgpack', 'negotiate'], 'text'),
  eventPrefix: rule(
    'a non-empty string that begins with no byte order mark',
    'iris-websocket-message:',
    isEventPrefix,
  ),
  handlers: rule<URL | string | undefined>(
    "a module's file URL, such as new URL('./chat.ts', import.meta.url)",
    undefined,
    (value) => value instanceof URL || (typeof value === 'string' && URL.canParse(value)),
  ),
  events: rule<EventSchemas | undefined>('an object of schemas', undefined, isObject),
  checkOutgoing: rule('true or false', false, (value) => typeof value === 'boolean'),
  headers: rule("an object of HTTP headers that are not the handshake's own", {}, isHeaders),
  protocols: rule('an array of different subprotocol tokens', [], isTokenList),
  origins: rule<Origins>(
    "'same-host', '*', a function, or an array of origins (with no path and no slash behind): 'https://host:8080', 'https://*.host', 'capacitor://localhost', 'null'",
    'same-host',
    (value) => value === 'same-host' || value === '*' || isFunction(value) || isOriginList(value),
  ),
  authorize: optionalFunction(),
  idGenerator: optionalFunction(),
  compression: rule<boolean | CompressionOptions>(
    'true, false or an object of compression options',
    false,
    (value) => typeof value === 'boolean' || isObject(value),
  ),
  maxMessageSize: integer(1, MAX_BYTES, 1024),
  readBufferSize: integer(64, 2 ** 24, 64 * 2 ** 10),
  writeBufferSize: integer(64, 2 ** 24, 16 * 2 ** 10),
  writeTimeout: integer(1, MAX_MS, 15_000),
  pongTimeout: integer(2, MAX_MS, PONG_TIMEOUT),
  pingPeriod: integer(1, MAX_MS, (PONG_TIMEOUT * 9) / 10),
  closeTimeout: integer(1, MAX_MS, 5_000),
  maxBufferedBytes: integer(1, MAX_BYTES, 2 ** 20),
  slowConsumer: oneOf<SlowConsumerChoice>(['close', 'drop', 'latest'], 'close'),
  maxRooms: integer(0, 2 ** 24, 1000),
  maxRoomNameBytes: integer(1, 65_535, 256),
  maxEventNameBytes: integer(1, 65_535, 256),
  maxPendingAsks: integer(1, 2 ** 24, 1000),
  maxConcurrentHandlers: integer(1, 2 ** 24, 64),
  maxFragments: integer(1, MAX_FRAGMENTS, MIN_DEFAULT_FRAGMENTS),
  maxConnections: integer(1, 2 ** 32 - 1, 1_000_000),
  maxConnectionsPerAddress: integer(0, 2 ** 32 - 1, 0),
  rateLimit: rule<RateLimit | undefined>(
    'an object such as { messagesPerSecond: 100 }',
    undefined,
    (value) => value !== null && typeof value === 'object',
  ),
  keepHeaders: rule<KeepHeaders>(
    "'safe', 'all' or an array of lower-case header names",
    'safe',
    (value) => value === 'safe' || value === 'all' || isHeaderNames(value),
  ),
};

/** Checks a server's options and fills in the defaults. @throws EngineError ERR_OPTION */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  const checked = applyRules(SERVER_RULES, options);
  const resolved = {
    ...checked,
    endpoint: withSlash(checked.endpoint),
    compression: resolveCompression(checked.compression),
  };
  if (options?.pingPeriod === undefined) {
    resolved.pingPeriod = Math.max(1, Math.floor((resolved.pongTimeout * 9) / 10));
  }
  if (options?.maxFragments === undefined) {
    const fragments = Math.ceil(resolved.maxMessageSize / FRAGMENT_BYTES);
    const atLeast = Math.max(MIN_DEFAULT_FRAGMENTS, fragments);
    resolved.maxFragments = Math.min(MAX_FRAGMENTS, atLeast);
  }
  if (resolved.pingPeriod >= resolved.pongTimeout) {
    const allowed = `less than pongTimeout (${resolved.pongTimeout})`;
    throw optionError('pingPeriod', resolved.pingPeriod, allowed);
  }
  checkSchemaOptions(resolved);
  return { ...resolved, rateLimit: resolveRateLimit(resolved.rateLimit, resolved.maxMessageSize) };
}

/** The part of a server's options that crosses into the shards. */
export function shardServerOptions(options: ResolvedServerOptions): ShardServerOptions {
  const { authorize, idGenerator, origins, handlers, events, ...rest } = options;
  return { ...rest, handlers: handlers === undefined ? undefined : String(handlers) };
}

function isEndpoint(path: unknown): boolean {
  return isPathOrEmpty(path) && !PATTERN.test(String(path));
}

function isEventPrefix(value: unknown): boolean {
  return typeof value === 'string' && /^[^\ufeff]/.test(value) && value.isWellFormed();
}

const HANDSHAKE_HEADERS = new Set([
  'connection',
  'upgrade',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
]);

function isHeaders(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value as object).every(([name, text]) => {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, text);
    } catch {
      return false;
    }
    return typeof text === 'string' && !HANDSHAKE_HEADERS.has(name.toLowerCase());
  });
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110 section 5.6.2

function isHeaderNames(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return value.every((name) => typeof name === 'string' && TOKEN.test(name) && !/[A-Z]/.test(name));
}

function isTokenList(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const tokens = value.every((item) => typeof item === 'string' && TOKEN.test(item));
  return tokens && new Set(value).size === value.length;
}
