import { Refusal } from '../../shared/api/refusal.ts';
import { TOKEN_PROTOCOL } from '../../shared/codec/event-rules.ts';
import type { UpgradeRequest } from './handshake-check.ts';
import { elementsOf } from './header-list.ts';

const HEADER = 'sec-websocket-protocol';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Takes the token out of the subprotocols that a client offers, and out of the header. It is no
 * subprotocol to choose, and nobody is to see it there.
 * @returns undefined where there is none
 * @throws Refusal 400 where it is malformed, or there are several
 */
export function takeToken({ headers }: Pick<UpgradeRequest, 'headers'>): string | undefined {
  const header = headers[HEADER];
  if (header === undefined || !header.includes(TOKEN_PROTOCOL)) return undefined;
  const offers = elementsOf(header);
  const [offer, ...more] = offers.filter((one) => one.startsWith(TOKEN_PROTOCOL));
  if (offer === undefined) return undefined;
  const others = offers.filter((one) => !one.startsWith(TOKEN_PROTOCOL));
  if (others.length > 0) headers[HEADER] = others.join(', ');
  else delete headers[HEADER];
  if (more.length > 0) throw new Refusal(400, `there is more than one ${TOKEN_PROTOCOL}…`);
  return decoded(offer.slice(TOKEN_PROTOCOL.length));
}

function decoded(text: string): string {
  const bytes = Buffer.from(text, 'base64url');
  try {
    // Node.js takes what is no base64url, too.
    if (bytes.toString('base64url') === text) return utf8.decode(bytes);
  } catch {} // it is no UTF-8
  throw new Refusal(400, `${TOKEN_PROTOCOL}… must be the base64url of UTF-8`);
}
