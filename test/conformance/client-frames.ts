/** Builds frames as a client sends them, legal or not, without any code of the library. */

const MASK: Uint8Array = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/**
 * A masked frame with the shortest length.
 * @param first its first byte: FIN, RSV1–3, opcode
 * @param mask the masking key, 4 bytes
 */
export function frame(first: number, payload: string | Uint8Array, mask = MASK): Buffer {
  const plain = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const masked = Uint8Array.from(plain);
  for (let i = 0; i < masked.length; i++)
    masked[i] = (plain[i] as number) ^ (mask[i & 3] as number);
  return Buffer.concat([Uint8Array.of(first), lengthField(masked.length), mask, masked]);
}

function lengthField(bytes: number): Buffer {
  if (bytes < 126) return Buffer.of(0x80 | bytes);
  if (bytes < 65_536) return Buffer.of(0x80 | 126, bytes >> 8, bytes & 0xff);
  const field = Buffer.alloc(9, 0x80 | 127);
  field.writeBigUInt64BE(BigInt(bytes), 1);
  return field;
}

/** Bytes written as hex digits, with spaces where they help. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex');
}

/** A whole text message. */
export function text(payload: string | Uint8Array): Buffer {
  return frame(0x81, payload);
}

/** A whole binary message. */
export function binary(payload: string | Uint8Array): Buffer {
  return frame(0x82, payload);
}

/** The first fragment of a text message. */
export function firstText(payload: string | Uint8Array): Buffer {
  return frame(0x01, payload);
}

/** The first fragment of a binary message. */
export function firstBinary(payload: string | Uint8Array): Buffer {
  return frame(0x02, payload);
}

/** A fragment in the middle of a message. */
export function more(payload: string | Uint8Array): Buffer {
  return frame(0x00, payload);
}

/** The last fragment of a message. */
export function last(payload: string | Uint8Array): Buffer {
  return frame(0x80, payload);
}

/** A ping. */
export function ping(payload: string | Uint8Array): Buffer {
  return frame(0x89, payload);
}

/** A pong. */
export function pong(payload: string | Uint8Array): Buffer {
  return frame(0x8a, payload);
}

/** A close frame with any code, allowed or not. */
export function close(code: number, reason: string | Uint8Array = ''): Buffer {
  const reasonBytes = typeof reason === 'string' ? Buffer.from(reason) : reason;
  return frame(0x88, Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), reasonBytes]));
}
