import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import {
  applyRules,
  type Filled,
  integer,
  isPathOrEmpty,
  MAX_MS,
  optionError,
  type Rules,
  rule,
} from './option-rules.ts';

/** The options of an engine. */
export interface EngineOptions {
  /** Worker threads, 0 to 256; 0 = one shard on the primary's loop. Default: cores − 1, or 1. */
  shards?: number | undefined;
  /** Bytes of shared memory for all rings together: 64 KiB to 1 TiB. Default 64 MiB. */
  ringMemory?: number | undefined;
  /** Bytes that may wait behind each full ring: 1 to 1 TiB. Default 64 MiB. */
  maxOutboxBytes?: number | undefined;
  /** Emitters that may be open at a time, each with rings of its own: 0 to 1024. Default 16. */
  maxEmitters?: number | undefined;
  /** Bytes of request line and headers of one upgrade: 256 to 16 MiB. Default 16 KiB. */
  maxHeaderBytes?: number | undefined;
  /** Milliseconds for a request's headers, then for `authorize`: 1 to 2^31 − 1. Default 10 000. */
  handshakeTimeout?: number | undefined;
  /**
   * Most connections to ports of `listen` that have sent another request than an upgrade: 1 to
   * 2^32 − 1; more: 503. Default 10 000.
   */
  maxPlainConnections?: number | undefined;
  /** Most of them from one address or IPv6 /64, 0 to 2^32 − 1; more: 429. Default 0: no limit. */
  maxPlainConnectionsPerAddress?: number | undefined;
  /**
   * Milliseconds between two samples of the lag of records between threads, 0 to 2^31 − 1. With 0
   * neither that nor the delay of event loops is measured. Default 1000.
   */
  sampleInterval?: number | undefined;
  /** Path at which the browser client is served; '' = none. Default '/iris-ws.js'. */
  clientScriptPath?: string | undefined;
  /**
   * Memory that a shard's thread may take, as `Worker` has it; one that takes more dies. At least
   * 16 for maxOldGenerationSizeMb, 1 for the others. Default: Node's, but 8 MB for young objects.
   */
  resourceLimits?: ResourceLimits | undefined;
  /** Milliseconds without a turn of its loop that end a shard: 0 to 2^31 − 1. Default 0: never. */
  watchdogMs?: number | undefined;
  /**
   * The proxies in front that are trusted to say who the client is: so many of them, or those with
   * these addresses or ranges. Default 0: none is.
   */
  trustProxy?: TrustProxy | undefined;
}

/**
 * The proxies in front of the engine that are trusted. A number counts them from the engine. A list
 * has their addresses: '10.0.0.1', '10.0.0.0/8', 'fd00::/8'.
 */
export type TrustProxy = number | readonly string[];

/** An engine's options with defaults filled in. */
export type ResolvedEngineOptions = Filled<EngineOptions, 'resourceLimits'>;

/** Options of `close`, of an engine and of a server. */
export interface CloseOptions {
  /** Milliseconds after which connections that are left are cut: 0 to 2^31 − 1. Default 5 000. */
  timeoutMs?: number | undefined;
  /**
   * Milliseconds over which the closes are spread, so that not all clients come back in the same
   * instant: 0 to timeoutMs. Default: one for each connection of a shard, at most half of
   * timeoutMs.
   */
  drainMs?: number | undefined;
}

/** The options of `close` with the default of timeoutMs filled in. */
export type ResolvedCloseOptions = Filled<CloseOptions, 'drainMs'>;

const ENGINE_RULES: Rules<ResolvedEngineOptions> = {
  shards: integer(0, 256, Math.max(1, availableParallelism() - 1)),
  ringMemory: integer(2 ** 16, 2 ** 40, 64 * 2 ** 20),
  maxOutboxBytes: integer(1, 2 ** 40, 64 * 2 ** 20),
  maxEmitters: integer(0, 1024, 16),
  maxHeaderBytes: integer(256, 2 ** 24, 16 * 2 ** 10),
  handshakeTimeout: integer(1, MAX_MS, 10_000),
  maxPlainConnections: integer(1, 2 ** 32 - 1, 10_000),
  maxPlainConnectionsPerAddress: integer(0, 2 ** 32 - 1, 0),
  sampleInterval: integer(0, MAX_MS, 1000),
  clientScriptPath: rule("'' or a path such as '/iris-ws.js'", '/iris-ws.js', isPathOrEmpty),
  resourceLimits: rule<ResourceLimits | undefined>(
    'an object such as { maxOldGenerationSizeMb: 256 }: 16 or more of that, 1 or more of the others',
    undefined,
    isResourceLimits,
  ),
  watchdogMs: integer(0, MAX_MS, 0),
  trustProxy: rule<TrustProxy>(
    "a whole number of proxies, or an array of addresses and ranges such as '10.0.0.0/8'",
    0,
    isTrustProxy,
  ),
};

const CLOSE_RULES: Rules<ResolvedCloseOptions> = {
  timeoutMs: integer(0, MAX_MS, 5_000),
  drainMs: integer(0, MAX_MS),
};

/** Checks an engine's options and fills in the defaults. @throws EngineError ERR_OPTION */
export function resolveEngineOptions(options: EngineOptions): ResolvedEngineOptions {
  return applyRules(ENGINE_RULES, options);
}

/**
 * Checks the options of `close` and fills in the default of timeoutMs.
 * @throws EngineError ERR_OPTION
 */
export function resolveCloseOptions(options: CloseOptions): ResolvedCloseOptions {
  const resolved = applyRules(CLOSE_RULES, options);
  const { timeoutMs, drainMs } = resolved;
  if (drainMs !== undefined && drainMs > timeoutMs) {
    throw optionError('drainMs', drainMs, `at most timeoutMs (${timeoutMs})`);
  }
  return resolved;
}

/** Closes with checked options; the promise is that of `close`, or rejects with ERR_OPTION. */
export function closeWith(
  options: CloseOptions,
  close: (options: ResolvedCloseOptions) => Promise<void>,
): Promise<void> {
  let resolved: ResolvedCloseOptions;
  try {
    resolved = resolveCloseOptions(options);
  } catch (error) {
    return Promise.reject(error);
  }
  return close(resolved);
}

/** The least of each, in MB: with less, V8 may end the whole process instead of the thread. */
const LEAST_LIMITS: Readonly<Record<string, number>> = {
  maxOldGenerationSizeMb: 16,
  maxYoungGenerationSizeMb: 1,
  codeRangeSizeMb: 1,
  stackSizeMb: 1,
};

function isResourceLimits(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).every(([name, limit]) => {
    const least = LEAST_LIMITS[name];
    if (least === undefined) return false;
    return limit === undefined || (typeof limit === 'number' && limit >= least);
  });
}

/** The characters of an address or a range; it is parsed where it is used. */
const ADDRESS = /^[\d.a-f:]+(\/\d{1,3})?$/i;

function isTrustProxy(value: unknown): boolean {
  if (!Array.isArray(value)) return Number.isInteger(value) && Number(value) >= 0;
  return value.every((entry) => typeof entry === 'string' && ADDRESS.test(entry));
}
