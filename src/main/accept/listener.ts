import { once } from 'node:events';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import {
  applyRules,
  type Filled,
  integer,
  isObject,
  isText,
  MAX_MS,
  optionError,
  type Rules,
  rule,
  secretError,
  secretRule,
} from '../../shared/options/option-rules.ts';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import { answer } from '../script/plain-answer.ts';
import { scriptAt, serveScript } from '../script/script-route.ts';
import { pathOf } from './request-target.ts';
import type { TlsOptions } from './tls-options.ts';

/** Options of `engine.listen`. */
export interface ListenOptions {
  /** Address to listen on; default: all. */
  host?: string | undefined;
  /** Answers plain HTTP requests: an Express app, a Fastify handler, any request listener. */
  request?: RequestListener | undefined;
  /** Speaks TLS on this port: `wss:` and `https:` instead of `ws:` and `http:`. */
  tls?: TlsOptions | undefined;
  /**
   * Whether each connection begins with a header of the PROXY protocol, version 1 or 2, which names
   * the client; one without is cut. Default false.
   */
  proxyProtocol?: boolean | undefined;
  /**
   * Milliseconds that a connection stays open behind an answer: 0 to 2^31 − 1; 0 = without a limit.
   * Default: that of Node.js.
   */
  keepAliveTimeout?: number | undefined;
}

/** The options of `listen`, checked. */
type ResolvedListenOptions = Filled<ListenOptions, 'host' | 'request' | 'tls' | 'keepAliveTimeout'>;

const LISTEN_RULES: Rules<ResolvedListenOptions> = {
  host: rule<string | undefined>('a host name or address', undefined, isText),
  request: rule<RequestListener | undefined>(
    'a function (request, response): of Fastify, attach to its server',
    undefined,
    (value) => typeof value === 'function',
  ),
  // Its own options are checked where it is used.
  tls: secretRule('an object with key and cert', isObject),
  proxyProtocol: rule('true or false', false, (value) => typeof value === 'boolean'),
  keepAliveTimeout: integer(0, MAX_MS),
};

/**
 * Checks the options of `listen`.
 * @throws EngineError ERR_OPTION
 */
export function resolveListenOptions(options: ListenOptions): ResolvedListenOptions {
  return applyRules(LISTEN_RULES, options);
}

const REQUEST_TIMEOUT = 300_000; // ms: the default of Node.js

/** An HTTP server of the engine's own, not listening yet. */
export function createListener(
  options: ResolvedEngineOptions,
  keepAliveTimeout?: number,
): HttpServer {
  const timeout = options.handshakeTimeout;
  return createServer({
    requestTimeout: Math.max(timeout, REQUEST_TIMEOUT), // or Node.js refuses headersTimeout
    maxHeaderSize: options.maxHeaderBytes,
    headersTimeout: timeout,
    ...(keepAliveTimeout !== undefined && { keepAliveTimeout }),
    connectionsCheckingInterval: Math.max(1, Math.floor(timeout / 4)),
  });
}

/**
 * Makes the answers to plain requests: the client script, the app's answer, or none.
 * @param serverAt the options of the server at an endpoint
 * @param report gets the error where the client script cannot be served
 */
export function requestListener(
  options: Pick<ResolvedEngineOptions, 'clientScriptPath'>,
  serverAt: (endpoint: string) => ResolvedServerOptions | undefined,
  request: RequestListener | undefined,
  report: (error: unknown) => void,
): RequestListener {
  return (incoming, response) => {
    const path = pathOf(incoming.url) ?? '';
    const script = scriptAt(path, options.clientScriptPath, serverAt);
    if (script !== undefined) {
      serveScript(incoming.method, response, script, report);
    } else if (request !== undefined) {
      request(incoming, response);
    } else if (serverAt(path) !== undefined) {
      answer(response, 426, 'Upgrade Required', { Upgrade: 'websocket', Connection: 'Upgrade' });
    } else {
      answer(response, 404, 'Not Found');
    }
  };
}

const PLACE = "a port, 0 to 65535, or the path of a Unix socket, such as '/run/chat.sock'";

/** Checks the port or path to listen at. @throws EngineError ERR_OPTION */
export function checkPlace(place: number | string, { host, tls }: ListenOptions): void {
  if (typeof place === 'number') {
    if (Number.isInteger(place) && place >= 0 && place <= 65_535) return;
    throw optionError('port', place, PLACE);
  }
  // Of a text without a slash, '8080' for instance, Node.js may make a port.
  if (typeof place !== 'string' || !/[/\\]/.test(place)) throw optionError('port', place, PLACE);
  if (host !== undefined) throw optionError('host', host, `possible on a Unix socket (${place})`);
  if (tls === undefined) return;
  const why = 'its connections cannot move to a shard before TLS. End TLS in the proxy';
  throw secretError('tls', `left out on a Unix socket (${place}): ${why}`);
}

/**
 * Listens, and resolves with the address, or the path of a Unix socket.
 * @throws errors of `listen` of Node.js: EADDRINUSE, EACCES, …
 */
export async function listen(
  server: HttpServer,
  place: number | string,
  host: string | undefined,
): Promise<AddressInfo | string> {
  server.listen(typeof place === 'string' ? { path: place } : { port: place, host });
  await once(server, 'listening');
  return server.address() as AddressInfo | string;
}
