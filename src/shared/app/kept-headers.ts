import type { ConnectionRequest } from '../api/public-types.ts';

/** Which headers of its request a connection keeps when its handlers have been told of it. */
export type KeepHeaders = 'safe' | 'all' | readonly string[];

/** What lets somebody in. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];

/** Finds them in a request as JSON; now and then where there are none. */
const CREDENTIAL = new RegExp(`"(?:${CREDENTIALS.join('|')})":`);

/** What has a request that it need not keep whole. */
export interface HasRequest {
  request: ConnectionRequest;
  /** The request as JSON, as long as nobody has looked at it. */
  readonly requestText?: string | undefined;
}

/**
 * Lets go of headers that a connection is not to keep, as soon as its `onConnection` handlers are
 * done. The object that `authorize` got stays as it is.
 * @param results what the handlers returned: promises are waited for
 */
export function forgetHeaders(
  connection: HasRequest,
  keep: KeepHeaders,
  results: readonly unknown[],
): void {
  if (keep === 'all') return;
  const forget = () => {
    if (keep === 'safe' && !mayHaveCredentials(connection)) return;
    connection.request = withHeaders(connection.request, keep);
  };
  const pending = results.filter((result) => result instanceof Promise);
  if (pending.length === 0) forget();
  else void Promise.allSettled(pending).then(forget);
}

function mayHaveCredentials(connection: HasRequest): boolean {
  const { requestText } = connection;
  if (requestText !== undefined) return CREDENTIAL.test(requestText);
  return CREDENTIALS.some((name) => name in connection.request.headers);
}

function withHeaders(
  request: ConnectionRequest,
  keep: Exclude<KeepHeaders, 'all'>,
): ConnectionRequest {
  const { method, url, remoteAddress } = request;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (keep === 'safe' ? !CREDENTIALS.includes(name) : keep.includes(name)) headers[name] = value;
  }
  return { method, url, headers, remoteAddress };
}
