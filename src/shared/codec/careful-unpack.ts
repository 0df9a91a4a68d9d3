import type * as Msgpackr from 'msgpackr';
import { Unpackr } from 'msgpackr/unpack';
import { measureTimestamp } from './msgpack-bounds.ts';

/*
 * A second decoder, for messages with which msgpackr's is not safe or not right:
 *
 *   - A key such as 1022 is an index to V8. An object with a few of those gets thousands of empty
 *     elements: 9 bytes of a client became 31 KB. Here such objects are sparse from the beginning.
 *   - msgpackr loses a byte order mark ahead of a string of more than 64 bytes.
 *
 * It is as good for any other message, but slower than msgpackr.
 */

const unpackr: Msgpackr.Unpackr = new Unpackr({ useRecords: false, int64AsType: 'auto' });

/** The largest index: an object with it has a table of its elements in place of a list. */
const FAR_INDEX = 2 ** 32 - 2;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Decodes msgpack that {@link inspectMsgpack} finds no fault with.
 * @throws TypeError for a map with a key that is no name: an array, a map, bytes or a timestamp
 */
export function unpackCarefully(bytes: Uint8Array): unknown {
  return new CarefulReader(bytes).read();
}

class CarefulReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): unknown {
    const token = this.#uint(1);
    if (token < 0x80) return token;
    if (token < 0x90) return this.#object(token & 0x0f);
    if (token < 0xa0) return this.#array(token & 0x0f);
    if (token < 0xc0) return utf8.decode(this.#take(token & 0x1f));
    if (token >= 0xe0) return token - 0x100;
    return this.#long(token);
  }

  /** A value whose token is from 0xc0 to 0xdf. */
  #long(token: number): unknown {
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return token === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#uint(1 << (token - 0xc4))).slice();
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (token - 0xcc));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return utf8.decode(this.#take(this.#uint(1 << (token - 0xd9))));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 << (token - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.#object(this.#uint(2 << (token - 0xde)));
      case 0xcf:
      case 0xd3:
        return this.#unpack(9);
      default:
        return this.#unpack(measureTimestamp(this.#bytes, this.#position - 1));
    }
  }

  #array(length: number): unknown[] {
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(this.read());
    return array;
  }

  #object(length: number): object {
    const object: Record<string, unknown> = {};
    let isSparse = false;
    for (let i = 0; i < length; i++) {
      const key = nameOf(this.read());
      if (!isSparse && /^\d/.test(key)) {
        object[FAR_INDEX] = undefined;
        delete object[FAR_INDEX];
        isSparse = true;
      }
      object[key] = this.read();
    }
    return object;
  }

  /** A value of `length` bytes, from the last byte read on: msgpackr is right with it. */
  #unpack(length: number): unknown {
    this.#position -= 1;
    return unpackr.unpack(this.#take(length));
  }

  /** Big-endian, of 1, 2 or 4 bytes. */
  #uint(size: number): number {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Passes over the next `length` bytes, and returns where they begin. */
  #skip(length: number): number {
    const start = this.#position;
    this.#position += length;
    return start;
  }
}

/** The name that a key of a map has, as with msgpackr. */
function nameOf(key: unknown): string {
  if (typeof key === 'object' && key !== null) throw new TypeError('an object is the key of a map');
  return key === '__proto__' ? '__proto_' : String(key);
}
