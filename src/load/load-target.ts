import { isIP } from 'node:net';

/** The server of a load, and the upgrade that the load sends to it. */
export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Path and query. */
  readonly path: string;
  /** The value of the Host header. */
  readonly authority: string;
  /** Further headers of the upgrade. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The subprotocol that is offered, and that the server has to take. */
  readonly protocol: string | undefined;
  /** Whether a certificate that nobody vouches for is accepted. */
  readonly insecure: boolean;
}

/** Connections from one address to one port: there are not many more ephemeral ports. */
const CONNECTIONS_PER_ADDRESS = 20_000;

/** Reads a `ws:` or `wss:` URL. @throws Error that names the URL and what is allowed */
export function parseTarget(
  url: string,
  rest: Partial<Pick<LoadTarget, 'headers' | 'protocol' | 'insecure'>> = {},
): LoadTarget {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['ws:', 'wss:'].includes(parsed.protocol)) {
    throw new Error(`'${url}' is no URL such as ws://localhost:8080/chat or wss://host/chat`);
  }
  const isTls = parsed.protocol === 'wss:';
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port) || (isTls ? 443 : 80),
    isTls,
    path: `${parsed.pathname}${parsed.search}`,
    authority: parsed.host,
    headers: [],
    protocol: undefined,
    insecure: false,
    ...rest,
  };
}

/**
 * The address that a connection comes from; undefined: any. One address has ports for about 28 000
 * connections; the loopback interface has more addresses.
 */
export function sourceAddress(target: LoadTarget, index: number): string | undefined {
  const block = Math.floor(index / CONNECTIONS_PER_ADDRESS);
  if (block === 0 || isIP(target.host) !== 4 || !target.host.startsWith('127.')) return undefined;
  return `127.0.0.${1 + block}`;
}
