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
  pong,
  text,
} from './client-frames.ts';
import { CASE_LIMITS, type FrameCase, reads, refuses } from './frame-case.ts';

const { maxMessageSize, maxFragments } = CASE_LIMITS;
const EDGES = [1, 2, 3, 4, 5, 7, 8, 9, 124, 125, 126, 127, 128, 129, 255, 256, 65_535, 65_536];

function bytesOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 0xff));
}

const MESSAGES: FrameCase[] = [
  reads('a masked text (§5.7)', hex('81 85 37fa213d 7f9f4d5158'), 'text Hello'),
  reads('a binary message', binary(hex('00ff807f')), 'binary 00ff807f'),
  reads('an empty text', text(''), 'text '),
  reads('an empty binary message', binary(''), 'binary '),
  reads('text under a masking key of zeros', hex('81 82 00000000 6f6b'), 'text ok'),
  reads('text under a masking key of ones', hex('81 82 ffffffff 9094'), 'text ok'),
  reads('several messages', [text('a'), binary('b'), text('c')], 'text a', 'binary 62', 'text c'),
  reads('empty messages', [text(''), binary(''), text('')], 'text ', 'binary ', 'text '),
  reads(
    'many messages',
    Array.from({ length: 100 }, (_, i) => text(`message ${i}`)),
    ...Array.from({ length: 100 }, (_, i) => `text message ${i}`),
  ),
  ...[...EDGES, maxMessageSize].flatMap((bytes) => {
    const payload = 'x'.repeat(bytes);
    const data = bytesOf(bytes);
    return [
      reads(`a text of ${bytes} bytes`, [text(payload), ping('')], `text ${payload}`, 'ping '),
      reads(
        `a binary message of ${bytes} bytes`,
        [binary(data), text('')],
        `binary ${data.toString('hex')}`,
        'text ',
      ),
    ];
  }),
];

/** A message in fragments of these sizes. */
function fragments(first: 1 | 2, bytes: Buffer, ...sizes: number[]): Buffer[] {
  let at = 0;
  return sizes.map((size, i) => {
    const isLast = i === sizes.length - 1;
    const part = bytes.subarray(at, isLast ? bytes.length : at + size);
    at += size;
    return frame((i === 0 ? first : 0) | (isLast ? 0x80 : 0), part);
  });
}

const thousand = bytesOf(1000);
const letters = Buffer.from('abcdefghijklmnopqrstuvwxyz');
const ones = (count: number) => Array.from({ length: count }, () => 1);

const FRAGMENTS: FrameCase[] = [
  reads('two fragments', [firstText('Hel'), last('lo')], 'text Hello'),
  reads('four fragments', [firstBinary('a'), more('b'), more('c'), last('d')], 'binary 61626364'),
  reads('empty fragments', [firstText(''), more(''), last('')], 'text '),
  reads('empty binary fragments', [firstBinary(''), last('')], 'binary '),
  reads('an empty fragment in the middle', [firstText('a'), more(''), last('b')], 'text ab'),
  reads('an empty first fragment', [firstText(''), last('ab')], 'text ab'),
  reads('an empty last fragment', [firstBinary('ab'), last('')], 'binary 6162'),
  reads('text behind fragments', [firstText('o'), last('k'), text('a')], 'text ok', 'text a'),
  reads(
    'one fragmented message behind another',
    [firstText('o'), last('k'), firstBinary('o'), more('k'), last('')],
    'text ok',
    'binary 6f6b',
  ),
  ...[2, 3, 5, 10, maxFragments].flatMap((count) => [
    reads(`a text in ${count} fragments`, fragments(1, letters, ...ones(count)), `text ${letters}`),
    reads(
      `a binary message in ${count} fragments`,
      fragments(2, thousand, ...ones(count).map(() => 126)),
      `binary ${thousand.toString('hex')}`,
    ),
  ]),
];

const CONTROLS_BETWEEN: FrameCase[] = [
  reads('a ping between fragments', [firstText('o'), ping('p'), last('k')], 'ping 70', 'text ok'),
  reads('a pong between fragments', [firstText('o'), pong(''), last('k')], 'pong ', 'text ok'),
  reads('a close between fragments', [firstText('o'), close(1001), last('k')], 'close 1001 '),
  reads(
    'pings between all fragments',
    [firstText('o'), ping('1'), ping('2'), more(''), pong('3'), ping('4'), last('k'), ping('5')],
    ...['ping 31', 'ping 32', 'pong 33', 'ping 34', 'text ok', 'ping 35'],
  ),
];

const PINGS: FrameCase[] = [
  reads('an empty ping', ping(''), 'ping '),
  ...[1, 2, 124, 125].map((bytes) => {
    const data = bytesOf(bytes);
    return reads(`a ping of ${bytes} bytes`, ping(data), `ping ${data.toString('hex')}`);
  }),
  reads('a ping that is not UTF-8', ping(hex('00 ff fe fd fc fb 00 ff')), 'ping 00fffefdfcfb00ff'),
  reads('a pong that nobody asked for', pong(hex('ff00')), 'pong ff00'),
  reads('an empty pong', pong(''), 'pong '),
  reads('a pong of 125 bytes, then a ping', [pong(bytesOf(125)), ping('p')], 'pong', 'ping 70'),
  reads(
    'ten pings',
    Array.from({ length: 10 }, (_, i) => ping(`ping ${i}`)),
    ...Array.from({ length: 10 }, (_, i) => `ping ${Buffer.from(`ping ${i}`).toString('hex')}`),
  ),
].map(withWholePong);

/** Fills in what is too long for a line. */
function withWholePong({ expect, ...rest }: FrameCase): FrameCase {
  const pong125 = `pong ${bytesOf(125).toString('hex')}`;
  return { ...rest, expect: expect.map((line) => (line === 'pong' ? pong125 : line)) };
}

const full = 'x'.repeat(maxMessageSize - 1);
const most = [firstText(''), ...Array.from({ length: maxFragments - 1 }, () => more(''))];

const LIMITS: FrameCase[] = [
  reads('fragments up to maxMessageSize', [firstText(full), last('y')], `text ${full}y`),
  reads('a ping once the message is full', [firstText(`${full}y`), ping('p')], 'ping 70'),
  reads('a ping once there are maxFragments', [...most, ping('p')], 'ping 70'),
  refuses(1009, 'a message over maxMessageSize', binary(`${full}yz`)),
  refuses(1009, 'fragments over maxMessageSize', firstText(full), last('yz')),
  refuses(1009, 'a fragment once the message is full', firstText(`${full}y`), last('z')),
  refuses(1009, 'the longest length that there is', hex('82 ff 7fffffffffffffff')),
  refuses(1009, 'a length just over 32 bits', hex('82 ff 0000000100000000')),
  refuses(1009, 'a length just over 53 bits', hex('82 ff 0020000000000001')),
  refuses(1008, 'more than maxFragments', ...most, more('a'), last('b')),
  refuses(1008, 'more than maxFragments, all of them empty', ...most, last('')),
];

/** What is legal, and what is legal up to a limit. RFC 6455 §5, §6, §10.4. */
export const MESSAGE_CASES: readonly FrameCase[] = [
  ...MESSAGES,
  ...FRAGMENTS,
  ...CONTROLS_BETWEEN,
  ...PINGS,
  ...LIMITS,
];
