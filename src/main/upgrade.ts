import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { subprotocol } from 'ws';
import type { Origins, ResolvedServerConfig } from '../shared/config.ts';
import type { ConnectionIdentity } from '../shared/connection-face.ts';
import { EngineError, messageOf } from '../shared/errors.ts';
import type { ConnectionRequest } from '../shared/public-types.ts';

/** An upgrade that is answered with an HTTP error. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status 400–599
   * @param body goes to the client as plain text
   */
  constructor(status: number, body?: string, headers: Readonly<Record<string, string>> = {}) {
    super(body ?? STATUS_CODES[status] ?? 'Refused');
    this.status = status;
    this.headers = headers;
  }
}

/** What the handshake is finished with. */
export interface Handshake {
  /** The Sec-WebSocket-Key. */
  readonly key: string;
  /** The subprotocol that was chosen; '' = none. */
  readonly protocol: string;
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * Checks the client's opening handshake (RFC 6455 section 4.2.1) and chooses a subprotocol.
 * @throws Refusal 400, 405 or 426
 */
export function checkHandshake(request: IncomingMessage, protocols: readonly string[]): Handshake {
  const { method, headers, httpVersion } = request;
  if (method !== 'GET') throw new Refusal(405, 'Method Not Allowed', { Allow: 'GET' });
  if (httpVersion === '1.0') throw new Refusal(400, 'HTTP/1.1 is needed');
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new Refusal(400, 'Upgrade must be websocket');
  }
  if (headers.host === undefined) throw new Refusal(400, 'Host is missing');
  if (headers['sec-websocket-version'] !== '13') {
    throw new Refusal(426, 'Upgrade Required', { 'Sec-WebSocket-Version': '13' });
  }
  const key = headers['sec-websocket-key'];
  if (key === undefined || !KEY.test(key)) {
    throw new Refusal(400, 'Sec-WebSocket-Key must be 16 bytes in base64');
  }
  return { key, protocol: chooseProtocol(headers['sec-websocket-protocol'], protocols) };
}

function chooseProtocol(header: string | undefined, protocols: readonly string[]): string {
  if (header === undefined) return '';
  let offered: Set<string>;
  try {
    offered = subprotocol.parse(header);
  } catch {
    throw new Refusal(400, 'Sec-WebSocket-Protocol is malformed');
  }
  for (const protocol of offered) if (protocols.includes(protocol)) return protocol;
  return '';
}

/** The request as connections keep it. */
export function connectionRequest(request: IncomingMessage): ConnectionRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const address = request.socket.remoteAddress ?? '';
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers,
    remoteAddress: address.startsWith('::ffff:') ? address.slice(7) : address,
  };
}

/**
 * Checks the page's origin (RFC 6455 section 10.2); no Origin header means no browser.
 * @throws Refusal 403
 */
export function checkOrigin(request: ConnectionRequest, origins: Origins): void {
  const { origin } = request.headers;
  if (origin === undefined || origins === '*') return;
  if (!isAllowed(origin, request, origins)) throw new Refusal(403, 'Origin not allowed');
}

function isAllowed(origin: string, request: ConnectionRequest, origins: Origins): boolean {
  if (typeof origins === 'function') return origins(origin, request) === true;
  if (!URL.canParse(origin)) return false;
  const { host, origin: normal, protocol } = new URL(origin);
  if (Array.isArray(origins)) return origins.includes(normal);
  // The port that the scheme implies may be spelt out in Host, and is not in an origin.
  const own = `${protocol}//${request.headers.host}`;
  return URL.canParse(own) && new URL(own).host === host;
}

/**
 * Asks the app whether a request may enter, and makes the identity of its connection.
 * @param timeoutMs how long `authorize` may take
 * @param closing is aborted when there is nothing to enter any more
 * @throws Refusal 401 or what `authorize` says, 503 when it takes too long; EngineError
 *   ERR_CONNECTION_ID; else what `authorize` threw
 */
export async function identify(
  request: ConnectionRequest,
  { authorize, idGenerator }: Pick<ResolvedServerConfig, 'authorize' | 'idGenerator'>,
  timeoutMs: number,
  closing: AbortSignal,
): Promise<ConnectionIdentity> {
  const answer: unknown = authorize?.(request);
  const data = isThenable(answer) ? await within(answer, timeoutMs, closing) : answer;
  if (data === false) throw new Refusal(401);
  return {
    id: idGenerator === undefined ? randomUUID() : idOf(request, idGenerator),
    request,
    data,
  };
}

function idOf(request: ConnectionRequest, idGenerator: (request: ConnectionRequest) => unknown) {
  let id: unknown;
  try {
    id = idGenerator(request);
  } catch (cause) {
    throw new EngineError('ERR_CONNECTION_ID', `idGenerator threw: ${messageOf(cause)}`, { cause });
  }
  if (typeof id === 'string' && id !== '') return id;
  const message = `idGenerator returned ${inspect(id)}, which is no non-empty string`;
  throw new EngineError('ERR_CONNECTION_ID', message);
}

/** A query of a database, say, need not be a Promise: not awaited, it would let everyone in. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

async function within<Value>(
  promise: PromiseLike<Value>,
  timeoutMs: number,
  closing: AbortSignal,
): Promise<Value> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Refusal(503, 'authorize timed out')), timeoutMs);
  const onClosing = () => reject(new Refusal(503));
  closing.addEventListener('abort', onClosing);
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', onClosing);
  }
}

/** The refusal that something thrown amounts to; undefined where it is no refusal but a defect. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  if (thrown instanceof Refusal) return thrown;
  const status = (thrown as { status?: unknown } | null | undefined)?.status;
  if (!Number.isInteger(status) || Number(status) < 400 || Number(status) > 599) return undefined;
  return new Refusal(Number(status), (thrown as { message?: string }).message);
}

/** Answers an upgrade with an HTTP error and a short body, and ends the connection. */
export function refuse(socket: Duplex, { status, message, headers }: Refusal): void {
  if (!socket.writable) return;
  const body = Buffer.from(message);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
}
