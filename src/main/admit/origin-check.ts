import type { ConnectionRequest } from '../../shared/api/public-types.ts';
import { Refusal } from '../../shared/api/refusal.ts';
import { hasOrigin } from '../../shared/options/origin-list.ts';
import type { Origins } from '../../shared/options/server-options.ts';

/** The bodies do not say which origins are allowed. */
const NOT_INCLUDED = "Origin not allowed: the server's option `origins` does not include it";
const OTHER_PORT =
  'Origin not allowed: page and Host have the same host name and other ports. Where a proxy has ' +
  'dropped the port, let it pass on Host as it came (nginx: proxy_set_header Host $http_host), or ' +
  "name the page's origin in the server's option `origins`";

/**
 * Checks the page's origin (RFC 6455 section 10.2); no Origin header means no browser.
 * @param host the host that the client asked for
 * @throws Refusal 403
 */
export function checkOrigin(
  request: ConnectionRequest,
  origins: Origins,
  host = request.headers.host,
): void {
  const { origin } = request.headers;
  if (origin === undefined || origins === '*') return;
  if (isAllowed(origin, request, origins, host)) return;
  // Most pages of another host fail here first.
  const isNear = origins === 'same-host' && differsInPort(origin, host);
  throw new Refusal(403, isNear ? OTHER_PORT : NOT_INCLUDED);
}

function isAllowed(
  origin: string,
  request: ConnectionRequest,
  origins: Origins,
  host: string | undefined,
): boolean {
  if (typeof origins === 'function') return origins(origin, request) === true;
  if (Array.isArray(origins)) return hasOrigin(origins, origin);
  // The form that browsers use; the rest is for other forms of the same origin.
  if (origin === `http://${host}` || origin === `https://${host}`) return true;
  const page = pageOf(origin);
  // The port that the scheme implies may be spelt out in Host, and is not in an origin.
  return page !== undefined && URL.parse(`${page.protocol}//${host}`)?.host === page.host;
}

function differsInPort(origin: string, host: string | undefined): boolean {
  const page = pageOf(origin);
  return page !== undefined && URL.parse(`${page.protocol}//${host}`)?.hostname === page.hostname;
}

function pageOf(origin: string): URL | undefined {
  const page = URL.parse(origin);
  return page?.protocol === 'http:' || page?.protocol === 'https:' ? page : undefined;
}
