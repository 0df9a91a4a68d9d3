import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { subprotocol } from 'ws';
import { EngineError, messageOf } from '../../shared/api/errors.ts';
import type { ConnectionRequest } from '../../shared/api/public-types.ts';
import { Refusal } from '../../shared/api/refusal.ts';
import { checkRoomName, MAX_NAME_BYTES } from '../../shared/api/room-name.ts';
import type { ConnectionIdentity } from '../../shared/app/connection-link.ts';
import { CODEC_SUBPROTOCOLS, codecNames } from '../../shared/codec/codec.ts';
import type { Decision } from '../../shared/expiry/with-expiry.ts';
import type { DeflateTerms } from '../../shared/messages/control-messages.ts';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import { authorized } from './authorization.ts';
import { chooseDeflate } from './deflate-offers.ts';
import { elementsOf } from './header-list.ts';
import { plainAddress } from './subnet.ts';

/** An upgrade's request, as far as it is looked at. */
export interface UpgradeRequest
  extends Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'rawHeaders'> {
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

/** The outcome of a handshake that was accepted. */
export interface Handshake {
  /** The Sec-WebSocket-Key. */
  readonly key: string;
  /** The subprotocol that was chosen; '' = none. */
  readonly protocol: string;
  /** The index of the codec in the server's, by the subprotocol; else of the first. */
  readonly codec: number;
  /** Left out where messages are not compressed. */
  readonly deflate?: DeflateTerms;
}

/** RFC 6455 section 4.4, RFC 9110 section 15.5.22. */
const VERSION_13 = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
};

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * Checks the client's opening handshake (RFC 6455 section 4.2.1), chooses a subprotocol and
 * agrees on compression.
 * @param request an upgrade to WebSocket: others come to no endpoint
 * @throws Refusal 400, 405 or 426
 */
export function checkHandshake(
  request: UpgradeRequest,
  options: Pick<ResolvedServerOptions, 'protocols' | 'codec' | 'compression'>,
): Handshake {
  const { method, headers, httpVersion } = request;
  if (method !== 'GET') throw new Refusal(405, 'Method Not Allowed', { Allow: 'GET' });
  if (httpVersion === '1.0') throw new Refusal(400, 'HTTP/1.1 is needed');
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    throw new Refusal(400, 'an upgrade has no body');
  }
  if (headers.host === undefined) throw new Refusal(400, 'Host is missing');
  if (hasSeveralHosts(request)) throw new Refusal(400, 'there is more than one Host');
  if (headers['sec-websocket-version'] !== '13') {
    throw new Refusal(426, 'Upgrade Required', VERSION_13);
  }
  const key = headers['sec-websocket-key'];
  if (key === undefined || !KEY.test(key)) {
    throw new Refusal(400, 'Sec-WebSocket-Key must be 16 bytes in base64');
  }
  const spoken = codecNames(options.codec).map((name) => CODEC_SUBPROTOCOLS[name]);
  const offered = headers['sec-websocket-protocol'];
  const protocol = chooseProtocol(offered, [...options.protocols, ...spoken]);
  const handshake = { key, protocol, codec: Math.max(0, spoken.indexOf(protocol)) };
  if (options.compression === undefined) return handshake;
  const deflate = chooseDeflate(headers['sec-websocket-extensions']);
  return deflate === undefined ? handshake : { ...handshake, deflate };
}

/** Whether Host comes more than once (RFC 9112 section 3.2); `headers` has only the first. */
function hasSeveralHosts({ rawHeaders }: UpgradeRequest): boolean {
  const isHost = (text: string, at: number) => at % 2 === 0 && text.toLowerCase() === 'host';
  return rawHeaders.filter(isHost).length > 1;
}

function chooseProtocol(header: string | undefined, protocols: readonly string[]): string {
  if (header === undefined) return '';
  let offered: Set<string>;
  try {
    offered = subprotocol.parse(elementsOf(header).join());
  } catch {
    throw new Refusal(400, 'Sec-WebSocket-Protocol is malformed');
  }
  return [...offered].find((protocol) => protocols.includes(protocol)) ?? '';
}

/** Makes the request that a connection keeps. */
export function connectionRequest(
  request: UpgradeRequest,
  remoteAddress = plainAddress(request.socket.remoteAddress ?? ''),
  token?: string,
): ConnectionRequest {
  const headers = request.headers as Record<string, string>;
  // The only header that Node.js makes a list of. It is a server's, but any client may send it.
  const cookies: string | string[] | undefined = request.headers['set-cookie'];
  if (cookies !== undefined) headers['set-cookie'] = cookies.join(', ');
  const { method = '', url = '' } = request;
  if (token === undefined) return { method, url, headers, remoteAddress };
  return { method, url, headers, remoteAddress, token };
}

/**
 * Asks the app whether a request may enter, and makes the identity of its connection.
 * @param timeoutMs milliseconds that `authorize` may take
 * @param closing is aborted when the engine closes
 * @throws Refusal 401, 503 after a timeout or when the engine closes; EngineError
 *   ERR_CONNECTION_ID; errors of `authorize`
 */
export function identify(
  request: ConnectionRequest,
  options: Pick<ResolvedServerOptions, 'authorize' | 'idGenerator'>,
  timeoutMs: number,
  closing: AbortSignal,
): ConnectionIdentity | Promise<ConnectionIdentity> {
  const enter = ({ data, expiresAt }: Decision): ConnectionIdentity => {
    const { idGenerator } = options;
    const id = idGenerator === undefined ? randomUUID() : idOf(request, idGenerator);
    if (expiresAt === undefined) return { id, request, data };
    const asks = request.token !== undefined;
    return { id, request, data, expiry: { at: expiresAt, asks } };
  };
  const decision = authorized(request, options, { timeoutMs, closing });
  return decision instanceof Promise ? decision.then(enter) : enter(decision);
}

function idOf(request: ConnectionRequest, idGenerator: (request: ConnectionRequest) => unknown) {
  let id: unknown;
  try {
    id = idGenerator(request);
  } catch (cause) {
    throw new EngineError('ERR_CONNECTION_ID', `idGenerator threw: ${messageOf(cause)}`, { cause });
  }
  try {
    checkRoomName(id as string, MAX_NAME_BYTES, 'what a name may have'); // everyone is in the room of its own id
  } catch (cause) {
    const seen = inspect(id, { maxStringLength: 80 });
    const message = `idGenerator returned ${seen}: ${messageOf(cause)}`;
    throw new EngineError('ERR_CONNECTION_ID', message, { cause });
  }
  return id as string;
}
