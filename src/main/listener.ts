import { once } from 'node:events';
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EngineConfig } from '../shared/config.ts';
import { clientScript } from './client-script.ts';

/** Options of `engine.listen`. */
export interface ListenOptions {
  /** Address to listen on; default: all. */
  host?: string;
  /** Answers plain HTTP requests: an Express app, a Fastify handler, any request listener. */
  request?: RequestListener;
}

const REQUEST_TIMEOUT = 300_000; // ms: the default of Node.js

/** The path of a request's target, without its query; undefined where it has none. */
export function pathOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (url.startsWith('/')) {
    const query = url.indexOf('?');
    return query === -1 ? url : url.slice(0, query);
  }
  return URL.canParse(url) ? new URL(url).pathname : undefined; // the absolute form
}

/** An HTTP server of the engine's own, not listening yet. */
export function createListener(
  config: Required<EngineConfig>,
  isEndpoint: (path: string) => boolean,
  request: RequestListener | undefined,
): HttpServer {
  const timeout = config.handshakeTimeout;
  const options = {
    requestTimeout: Math.max(timeout, REQUEST_TIMEOUT), // or Node.js refuses headersTimeout
    maxHeaderSize: config.maxHeaderBytes,
    headersTimeout: timeout,
    connectionsCheckingInterval: Math.max(1, Math.floor(timeout / 4)),
    // Anything else that asks for an upgrade (h2c) is answered as if it had not.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket',
  };
  return createServer(options, (incoming, response) => {
    const path = pathOf(incoming.url);
    if (path === config.clientScriptPath && path !== '') {
      serveScript(incoming.method, response);
    } else if (request !== undefined) {
      request(incoming, response);
    } else if (path !== undefined && isEndpoint(path)) {
      answer(response, 426, 'Upgrade Required', { Upgrade: 'websocket', Connection: 'Upgrade' });
    } else {
      answer(response, 404, 'Not Found');
    }
  });
}

/**
 * Listens, and resolves with the address.
 * @throws what `listen` of Node.js emits: EADDRINUSE, EACCES, …
 */
export async function listen(
  server: HttpServer,
  port: number,
  host: string | undefined,
): Promise<AddressInfo> {
  server.listen(host === undefined ? { port } : { port, host });
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

type Response = Parameters<RequestListener>[1];

function answer(
  response: Response,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
  response.end(body);
}

function serveScript(method: string | undefined, response: Response): void {
  if (method !== 'GET' && method !== 'HEAD') {
    answer(response, 405, 'Method Not Allowed', { Allow: 'GET, HEAD' });
    return;
  }
  const script = clientScript();
  response.writeHead(200, {
    'Content-Type': 'text/javascript; charset=utf-8',
    'Content-Length': script.length,
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : script);
}
