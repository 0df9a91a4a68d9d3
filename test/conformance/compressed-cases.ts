import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib';
import {
  binary,
  close,
  firstBinary,
  firstText,
  frame,
  hex,
  last,
  more,
  ping,
  text,
} from './client-frames.ts';
import { CASE_LIMITS, type FrameCase, reads, refuses } from './frame-case.ts';

/** What a client makes of a message, RFC 7692 §7.2.1. */
export function deflated(payload: string | Uint8Array, options: ZlibOptions = {}): Buffer {
  const finishFlush = constants.Z_SYNC_FLUSH;
  return deflateRawSync(payload, { ...options, finishFlush }).subarray(0, -4);
}

const RSV1 = 0x40;
const { maxMessageSize: MAX } = CASE_LIMITS;
const full = 'x'.repeat(MAX);
const noise = randomBytes(MAX);
const HELLO = 'text Hello';

/** A frame of a compressed message, its payload as it is on the wire. */
function rsv1(first: number, payload: Uint8Array): Buffer {
  return frame(first | RSV1, payload);
}

function zText(payload: string | Uint8Array, options?: ZlibOptions): Buffer {
  return rsv1(0x81, deflated(payload, options));
}

function zBinary(payload: string | Uint8Array, options?: ZlibOptions): Buffer {
  return rsv1(0x82, deflated(payload, options));
}

/** The payload of a compressed message in so many fragments, of equal size where that can be. */
function pieces(payload: Buffer, count: number): Buffer[] {
  const size = Math.ceil(payload.length / count);
  return Array.from({ length: count }, (_, i) => payload.subarray(i * size, (i + 1) * size));
}

function fragmented(first: number, payload: Buffer, count: number): Buffer[] {
  const [begin = Buffer.alloc(0), ...rest] = pieces(payload, count);
  const end = rest.pop() ?? Buffer.alloc(0);
  return [rsv1(first, begin), ...rest.map((piece) => more(piece)), last(end)];
}

const hello = deflated('Hello');

/** RFC 7692 §7.2.3. */
const EXAMPLES: FrameCase[] = [
  reads('one block (§7.2.3.1)', rsv1(0x81, hex('f248cdc9c90700')), HELLO),
  reads('two fragments of it', [rsv1(0x01, hex('f248cd')), last(hex('c9c90700'))], HELLO),
  reads('a block that is not compressed', rsv1(0x81, hex('000500faff48656c6c6f00')), HELLO),
  reads('a final block (§7.2.3.4)', rsv1(0x81, hex('f348cdc9c9070000')), HELLO),
  reads('two blocks (§7.2.3.5)', rsv1(0x81, hex('f248050000 00ffff cac9c90700')), HELLO),
  reads('an empty message (§7.2.3.6)', rsv1(0x81, hex('00')), 'text '),
  refuses(
    1007,
    'a message that refers to an earlier one (§7.2.3.2)',
    rsv1(0x81, hex('f200110000')),
  ),
];

const MESSAGES: FrameCase[] = [
  reads('a binary message', zBinary(hex('00ff807f')), 'binary 00ff807f'),
  reads('an empty binary message', rsv1(0x82, hex('00')), 'binary '),
  reads('an empty message with nothing in it', rsv1(0x81, hex('')), 'text '),
  reads('a final block without what follows it', rsv1(0x81, hex('f348cdc9c90700')), HELLO),
  reads(
    'streams one behind the other',
    rsv1(0x81, Buffer.concat([hex('f348cdc9c90700'), hex('f348cdc9c90700'), hello])),
    'text HelloHelloHello',
  ),
  reads('characters of 1 to 4 bytes', zText('aé€😀'), 'text aé€😀'),
  reads('the same message again', [zText('Hello'), zText('Hello')], HELLO, HELLO),
  reads('what is not compressed', [text('a'), binary('b')], 'text a', 'binary 62'),
  reads('both by turns', [zText('a'), text('b'), zText('c')], 'text a', 'text b', 'text c'),
  reads('a message, and a ping', [zText('a'), ping('p')], 'text a', 'ping 70'),
  reads('a message, and a close', [zText('a'), close(1000), zText('b')], 'text a', 'close 1000 '),
  ...[1, 2, 125, 126, 127, 1024, 65_535, 65_536, MAX].flatMap((bytes) => [
    reads(`${bytes} equal bytes`, zText('x'.repeat(bytes)), `text ${'x'.repeat(bytes)}`),
    reads(
      `${bytes} random bytes`,
      zBinary(noise.subarray(0, bytes)),
      `binary ${noise.toString('hex', 0, bytes)}`,
    ),
  ]),
  ...compressors().map(([title, options]) => {
    const payload = `${'abc'.repeat(3000)}${'12345678'.repeat(500)}`;
    return reads(`what ${title} makes`, zText(payload, options), `text ${payload}`);
  }),
  ...compressors().map(([title, options]) =>
    reads(
      `random bytes as ${title} has them`,
      zBinary(noise, options),
      `binary ${noise.toString('hex')}`,
    ),
  ),
];

function compressors(): [title: string, options: ZlibOptions][] {
  return [
    ...[0, 1, 6, 9].map((level): [string, ZlibOptions] => [`level ${level}`, { level }]),
    ...[9, 12, 15].map((bits): [string, ZlibOptions] => [`window ${bits}`, { windowBits: bits }]),
    ...[1, 9].map((memLevel): [string, ZlibOptions] => [`memory ${memLevel}`, { memLevel }]),
    ['Huffman coding alone', { strategy: constants.Z_HUFFMAN_ONLY }],
    ['fixed codes', { strategy: constants.Z_FIXED }],
  ];
}

const FRAGMENTS: FrameCase[] = [
  ...[2, 3, 4].map((count) =>
    reads(
      `${count} fragments`,
      fragmented(0x01, deflated('Hello, '.repeat(9)), count),
      `text ${'Hello, '.repeat(9)}`,
    ),
  ),
  reads(
    'binary fragments',
    fragmented(0x02, deflated(noise), 4),
    `binary ${noise.toString('hex')}`,
  ),
  reads('an empty first fragment', [rsv1(0x01, hex('')), last(hello)], HELLO),
  reads('an empty last fragment', [rsv1(0x01, hello), last('')], HELLO),
  reads('empty fragments of nothing', [rsv1(0x02, hex('')), more(''), last('')], 'binary '),
  reads('an empty message in fragments', [rsv1(0x01, hex('')), last(hex('00'))], 'text '),
  reads('a ping in between', [rsv1(0x01, hello), ping('p'), last('')], 'ping 70', HELLO),
  reads('a close in between', [rsv1(0x01, hello), close(1001), last('')], 'close 1001 '),
  reads('a split character', fragmented(0x01, deflated('😀', { level: 0 }), 3), 'text 😀'),
  reads(
    'fragments that can be inflated one by one',
    [rsv1(0x01, flushed('Hel')), more(flushed('lo, ')), last(hello)],
    'text Hello, Hello',
  ),
  reads(
    'what is fragmented, and not compressed',
    [firstText('o'), last('k'), firstBinary('o'), last('k'), zText('Hello')],
    'text ok',
    'binary 6f6b',
    HELLO,
  ),
  reads('maxMessageSize in fragments', fragmented(0x01, deflated(full), 4), `text ${full}`),
];

/** With the empty block at its end, so that more can follow. */
function flushed(payload: string | Buffer): Buffer {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
}

const BROKEN: FrameCase[] = [
  ...[0x88, 0x89, 0x8a].map((first) =>
    refuses(1002, `RSV1 on a control frame, ${first.toString(16)}`, rsv1(first, hex(''))),
  ),
  refuses(1002, 'RSV1 on a later fragment', rsv1(0x01, hello), rsv1(0x80, hex(''))),
  refuses(1002, 'RSV1 on a fragment of plain text', firstText('a'), rsv1(0x80, hello)),
  refuses(1002, 'RSV1 on a fragment of nothing', rsv1(0x80, hello)),
  refuses(1002, 'a compressed message within another', rsv1(0x01, hello), zText('a')),
  ...[0x20, 0x10].flatMap((rsv) => [
    refuses(1002, `the reserved bit ${rsv} in a text`, frame(0x81 | rsv, 'a')),
    refuses(1002, `the reserved bit ${rsv} beside RSV1`, rsv1(0x81 | rsv, hello)),
    refuses(1002, `the reserved bit ${rsv} in a ping`, frame(0x89 | rsv, '')),
  ]),
  ...[3, 7, 11, 15].map((opcode) =>
    refuses(1002, `the reserved opcode ${opcode} with RSV1`, rsv1(0x80 | opcode, hex(''))),
  ),
  refuses(1007, 'a block of no type', rsv1(0x81, hex('07'))),
  refuses(1007, 'bytes that were never compressed', rsv1(0x81, Buffer.from('Hello'))),
  refuses(1007, 'a stored block whose lengths differ', rsv1(0x81, hex('000500faf048656c6c6f00'))),
  refuses(
    1007,
    'half a message',
    rsv1(0x81, deflated('Hello, '.repeat(99) + noise.toString('hex')).subarray(0, 500)),
  ),
  refuses(1007, 'a stored block that is cut off', rsv1(0x82, hex('000500faff4865'))),
  refuses(1007, 'a stored block that takes the end for its own', rsv1(0x82, hex('0064009bff48'))),
  refuses(1007, 'a final block that is cut off', rsv1(0x81, hex('f348cdc9c907'))),
  refuses(1007, 'what has its end left on', rsv1(0x81, flushed('Hello'))),
  refuses(1007, 'a block of no type in a fragment, at once', rsv1(0x01, hex('07'))),
  refuses(
    1007,
    'a fragment that is broken further on',
    rsv1(0x01, flushed('Hello')),
    more(hex('07ffffff')),
  ),
  refuses(1007, 'streams without end', rsv1(0x82, Buffer.alloc(200, hex('0300')))),
  refuses(1007, 'text that is not UTF-8', zText(hex('cea9ff6b'))),
  refuses(1007, 'text that ends within a character', zText(hex('61f09f98'))),
  refuses(1007, 'a fragment that is not UTF-8, at once', rsv1(0x01, flushed(hex('cea9ff6b')))),
];

const bomb = deflated(Buffer.alloc(16 * 2 ** 20));

const LIMITS: FrameCase[] = [
  refuses(1009, 'a byte over maxMessageSize', zText(`${full}y`)),
  refuses(1009, 'random bytes over maxMessageSize', zBinary(Buffer.concat([noise, hex('00')]))),
  refuses(1009, 'a bomb', rsv1(0x82, bomb)),
  refuses(1009, 'a bomb in its first fragment, at once', rsv1(0x02, bomb.subarray(0, 1000))),
  refuses(
    1009,
    'a bomb in its second fragment, at once',
    rsv1(0x02, bomb.subarray(0, 10)),
    more(bomb.subarray(10, 1000)),
  ),
  refuses(1009, 'streams that are too much together', rsv1(0x81, twice(full.slice(1)))),
  refuses(
    1009,
    'a stream behind one that is full',
    rsv1(0x81, Buffer.concat([deflateRawSync(full), deflated('y')])),
  ),
  refuses(1009, 'more than any compressor needs, at once', hex('c2 ff 0000000000020000')),
  refuses(1009, 'the longest length that there is', hex('c2 ff 7fffffffffffffff')),
  refuses(1009, 'what is not compressed, over maxMessageSize', binary(`${full}y`)),
  refuses(
    1008,
    'more than maxFragments',
    ...fragmented(0x02, deflated(noise), CASE_LIMITS.maxFragments + 1),
  ),
];

/** Two streams, the second behind the final block of the first. */
function twice(payload: string): Buffer {
  return Buffer.concat([deflateRawSync(payload), deflated(payload)]);
}

/** Cases of a connection that has agreed on permessage-deflate without context takeover. */
export const COMPRESSED_CASES: readonly FrameCase[] = [
  ...EXAMPLES,
  ...MESSAGES,
  ...FRAGMENTS,
  ...BROKEN,
  ...LIMITS,
];
