import { bytesOf, unencodable } from './event-rules.ts';
import { MAX_NESTING } from './msgpack-bounds.ts';

/** An integer up to here, or down to its negative, arrives as a number. */
const MOST_OF_NUMBER = 2n ** 53n;

/**
 * The value that msgpackr is to write for a payload: the payload itself where it is plain, else a
 * plain one in its place. A toJSON is called here, once, so that the value that has been checked is
 * written.
 * @throws EngineError ERR_PAYLOAD for a value that msgpackr would write wrongly, or without an end,
 *   and for anything that code of the app throws
 */
export function packable(payload: unknown): unknown {
  if (typeof payload === 'function') throw unencodable('a function has no msgpack');
  try {
    return bytesOf(payload) ?? plain(payload, 1);
  } catch (error) {
    throw unencodable(error);
  }
}

/** @param depth the arrays and maps around the value; one is that of the event */
function plain(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return plainScalar(value);
  if (value instanceof Uint8Array) return value;
  if (depth === MAX_NESTING) throw new RangeError(`it nests deeper than ${MAX_NESTING - 1}`);
  if (value.constructor === Object) return plainFields(value, depth + 1);
  return plainObject(value, depth + 1);
}

function plainScalar(value: unknown): unknown {
  switch (typeof value) {
    case 'symbol':
      throw new TypeError('a symbol has no msgpack');
    case 'function':
      return null;
    case 'bigint':
      if (value > MOST_OF_NUMBER || value < -MOST_OF_NUMBER) return value;
      throw new TypeError(`the bigint ${value}n would arrive as a number, send Number(${value}n)`);
    default:
      return value;
  }
}

function plainObject(value: object, depth: number): unknown {
  if (Array.isArray(value)) return plainList(value, depth);
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) throw new TypeError('a view inside it is no Uint8Array');
  // A class of the app comes first, even where it extends one of these.
  if (hasToJson(value)) return plain(value.toJSON(), depth);
  if (value instanceof Set) return plainList([...value], depth);
  if (value instanceof Map) return plainMap(value, depth);
  if (value instanceof Error) return plainList([value.name, value.message, value.cause], depth);
  if (value instanceof RegExp) return [value.source, value.flags];
  return plainFields(value, depth);
}

/** Each toJSON counts as one level: one that returns another may have no end. */
function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function plainList(list: readonly unknown[], depth: number): unknown {
  if (hasToJson(list)) return plain(list.toJSON(), depth);
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    const part = plain(value, depth);
    if (!Object.is(part, value)) copy ??= [...list];
    if (copy) copy[i] = part;
  }
  return copy ?? list;
}

/** The keys arrive as those of an object, so that none may be an object. */
function plainMap(map: ReadonlyMap<unknown, unknown>, depth: number): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>();
  for (const [key, value] of map) {
    if (Object(key) === key) throw new TypeError('an object is the key of a Map');
    copy.set(typeof key === 'bigint' ? key : plain(key, depth), plain(value, depth));
  }
  return copy;
}

function plainFields(object: object, depth: number): unknown {
  if (hasToJson(object)) return plain(object.toJSON(), depth);
  const fields = object as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(object)) {
    const value = fields[key];
    const part = plain(value, depth);
    if (Object.is(part, value)) continue;
    copy ??= Object.fromEntries(Object.entries(object));
    // Assigned, a `__proto__` would be the prototype.
    Object.defineProperty(copy, key, { value: part });
  }
  return copy ?? object;
}
