import type { Encode } from '../../shared/codec/codec.ts';
import { checkReserved } from '../../shared/codec/event-rules.ts';

/** Longest event name of a page: it believes its own server, whose limit is below this one. */
export const MAX_EVENT_NAME_BYTES = 2 ** 16;

/** Encodes an event of the page. @throws EngineError ERR_EVENT_NAME for a reserved name */
export function encodeEvent(event: string, payload: unknown): Encode {
  checkReserved(event);
  return (codec) => codec.encode(event, payload);
}
