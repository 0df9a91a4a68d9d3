/**
 * The first byte of a surrogate's three in an encoder that does not mind them. In UTF-8 it begins
 * some letters only, such as those of Hangul.
 */
const SURROGATE = 0xed;

/** Whether packed bytes may hold half of a surrogate pair: seldom, and soon seen. */
export function mayHoldSurrogate(packed: Uint8Array): boolean {
  // The call alone costs as much as a loop over so many bytes.
  if (packed.length > 64) return packed.indexOf(SURROGATE) >= 0;
  for (let i = 0; i < packed.length; i++) if (packed[i] === SURROGATE) return true;
  return false;
}

/**
 * A value that is to be packed, with U+FFFD for each half of a surrogate pair in its strings and
 * keys: they have no UTF-8. JSON may bring them.
 * @returns the value itself where it has none
 */
export function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return wellFormedText(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (value instanceof Date) return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const mended = entries.map(([key, part]) => [wellFormed(key), wellFormed(part)] as const);
  const isSame = mended.every(
    ([key, part], at) => Object.is(key, entries[at]?.[0]) && Object.is(part, entries[at]?.[1]),
  );
  if (isSame) return value;
  if (Array.isArray(value)) return Array.from(value, wellFormed); // holes are nil
  return value instanceof Map ? new Map(mended) : Object.fromEntries(mended);
}

function wellFormedText(text: string): string {
  // Browsers of 2022 do not have isWellFormed.
  return text.isWellFormed?.() === true ? text : text.replace(/\p{Surrogate}/gu, '\ufffd');
}
