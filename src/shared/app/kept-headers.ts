import type { ConnectionRequest } from '../api/public-types.ts';

/** The headers of its request that a connection keeps when `onConnection` has run. */
export type KeepHeaders = 'safe' | 'all' | readonly string[];

/** Headers that let a client in. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];

/** Finds them in a request as JSON; sometimes also where there are none. */
const CREDENTIAL = new RegExp(`"(?:token|${CREDENTIALS.join('|')})":`);

/** A connection with a request that it need not keep whole. */
export interface HasRequest {
  request: ConnectionRequest;
  /** The request as JSON, as long as nobody has looked at it. */
  readonly requestText?: string | undefined;
}

/**
 * Drops headers, and the token, that a connection is not to keep, as soon as its `onConnection` handlers are done.
 * The object that `authorize` got stays as it is.
 * @param pending settles when they are done; undefined: they are
 */
export function forgetHeaders(
  connection: HasRequest,
  keep: KeepHeaders,
  pending: Promise<void> | undefined,
): void {
  if (keep === 'all') return;
  const forget = () => {
    if (keep === 'safe' && !mayHaveCredentials(connection)) return;
    connection.request = withHeaders(connection.request, keep);
  };
  if (pending === undefined) forget();
  else pending.then(forget, forget);
}

function mayHaveCredentials(connection: HasRequest): boolean {
  const { requestText } = connection;
  if (requestText !== undefined) return CREDENTIAL.test(requestText);
  const { headers, token } = connection.request;
  return token !== undefined || CREDENTIALS.some((name) => name in headers);
}

function withHeaders(
  request: ConnectionRequest,
  keep: Exclude<KeepHeaders, 'all'>,
): ConnectionRequest {
  const { method, url, remoteAddress } = request;
  const headers = Object.entries(request.headers).filter(([name]) =>
    keep === 'safe' ? !CREDENTIALS.includes(name) : keep.includes(name),
  );
  return { method, url, headers: Object.fromEntries(headers), remoteAddress };
}
