import { extension } from 'ws';
import { Refusal } from '../../shared/api/refusal.ts';
import type { DeflateTerms } from '../../shared/messages/control-messages.ts';
import { elementsOf, withoutBadBlanks } from './header-list.ts';

// Only the parser of ws: its PerMessageDeflate refuses the upgrade for one bad offer among good ones,
// and reads numbers such as 0x0f.

/** One offer: for each parameter its values, `true` for none. */
type Offer = Readonly<Record<string, readonly (string | true)[]>>;

const EXTENSION = 'permessage-deflate';
const WINDOW_BITS = /^(?:[89]|1[0-5])$/; // RFC 7692 section 7.1.2.1: no leading zeros
const ZLIB_WINDOW_BITS = /^(?:9|1[0-5])$/; // zlib compresses nothing with 8

/**
 * Agrees to the first acceptable offer of permessage-deflate of a client (RFC 7692 section 7).
 * @param header Sec-WebSocket-Extensions
 * @returns undefined where there is none: the connection has no compression
 * @throws Refusal 400 where the header itself is malformed (RFC 6455 section 9.1)
 */
export function chooseDeflate(header: string | undefined): DeflateTerms | undefined {
  if (header === undefined) return undefined;
  let offers: readonly Offer[];
  try {
    offers = extension.parse(elementsOf(withoutBadBlanks(header)).join())[EXTENSION] ?? [];
  } catch {
    throw new Refusal(400, 'Sec-WebSocket-Extensions is malformed');
  }
  return offers.map(termsOf).find((terms) => terms !== undefined);
}

/** Undefined for offers that RFC 7692 section 7 wants declined, or that zlib cannot meet. */
function termsOf(offer: Offer): DeflateTerms | undefined {
  let serverMaxWindowBits: number | undefined;
  for (const [name, [value, ...more]] of Object.entries(offer)) {
    if (value === undefined || more.length > 0 || !isLegal(name, value)) return undefined;
    if (name === 'server_max_window_bits') serverMaxWindowBits = Number(value);
  }
  return { serverMaxWindowBits };
}

function isLegal(name: string, value: string | true): boolean {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === true;
    case 'server_max_window_bits':
      return value !== true && ZLIB_WINDOW_BITS.test(value);
    case 'client_max_window_bits': // a hint: the inflater has room for the largest window
      return value === true || WINDOW_BITS.test(value);
    default:
      return false;
  }
}
