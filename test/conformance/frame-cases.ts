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

/** One case: bytes that a client sends, and all that a strict RFC 6455 server makes of them. */
export interface FrameCase {
  /** Which behaviour it shows. */
  readonly title: string;
  /** All that the client sends behind the handshake. */
  readonly sends: Buffer;
  /**
   * In order: `text …`, `binary <hex>`, `ping <hex>`, `pong <hex>`, `close <code> <reason>` for a
   * close frame of the client, `violation <close code>` where the server closes. What comes behind
   * one of the last two is ignored.
   */
  readonly expect: readonly string[];
}

/** The limits that the cases count on; sizes in bytes. */
export const CASE_LIMITS = { maxMessageSize: 70_000, maxFragments: 4 } as const;

function reads(title: string, sends: Buffer | Buffer[], ...expect: string[]): FrameCase {
  return { title: `reads ${title}`, sends: Buffer.concat([sends].flat()), expect };
}

function refuses(closeCode: number, title: string, ...sends: Buffer[]): FrameCase {
  const expect = [`violation ${closeCode}`];
  return { title: `refuses ${title}`, sends: Buffer.concat(sends), expect };
}

const EDGES = [125, 126, 127, 128, 65_535, 65_536, CASE_LIMITS.maxMessageSize];

const MESSAGES: FrameCase[] = [
  reads('a masked text (§5.7)', hex('81 85 37fa213d 7f9f4d5158'), 'text Hello'),
  reads('a binary message', binary(hex('00ff807f')), 'binary 00ff807f'),
  reads('an empty text', text(''), 'text '),
  reads('an empty binary message', binary(''), 'binary '),
  reads('text under a masking key of zeros', hex('81 82 00000000 6f6b'), 'text ok'),
  reads('characters of 1 to 4 bytes', text('aé€😀'), 'text aé€😀'),
  reads('a byte order mark as text', text('\ufeffa'), 'text \ufeffa'),
  reads('the last character, U+10FFFF', text(hex('f48fbfbf')), 'text \u{10ffff}'),
  reads('characters beside the surrogates', text('\ud7ff\ue000'), 'text \ud7ff\ue000'),
  reads('several messages', [text('a'), binary('b'), text('c')], 'text a', 'binary 62', 'text c'),
  ...EDGES.map((bytes) => {
    const payload = 'x'.repeat(bytes);
    return reads(
      `${bytes} bytes, and what follows`,
      [text(payload), ping('')],
      `text ${payload}`,
      'ping ',
    );
  }),
];

const full = 'x'.repeat(CASE_LIMITS.maxMessageSize - 1);

const FRAGMENTS: FrameCase[] = [
  reads('two fragments', [firstText('Hel'), last('lo')], 'text Hello'),
  reads('maxFragments', [firstBinary('a'), more('b'), more('c'), last('d')], 'binary 61626364'),
  reads('empty fragments', [firstText(''), more(''), last('')], 'text '),
  reads('empty binary fragments', [firstBinary(''), last('')], 'binary '),
  reads('an empty fragment in the middle', [firstText('a'), more(''), last('b')], 'text ab'),
  reads('a split character', [firstText(hex('f09f')), more(hex('98')), last(hex('80'))], 'text 😀'),
  reads('text behind fragments', [firstText('o'), last('k'), text('a')], 'text ok', 'text a'),
  reads('fragments up to maxMessageSize', [firstText(full), last('y')], `text ${full}y`),
  reads('a ping between fragments', [firstText('o'), ping('p'), last('k')], 'ping 70', 'text ok'),
  reads('a pong between fragments', [firstText('o'), pong(''), last('k')], 'pong ', 'text ok'),
  reads('a close between fragments', [firstText('o'), close(1001), last('k')], 'close 1001 '),
];

const VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
const INVALID_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
const [p125, r123] = ['p'.repeat(125), 'r'.repeat(123)];

const CONTROL_FRAMES: FrameCase[] = [
  reads('an empty ping', ping(''), 'ping '),
  reads('a ping of 125 bytes', ping(p125), `ping ${'70'.repeat(125)}`),
  reads('a pong that nobody asked for', pong(hex('ff00')), 'pong ff00'),
  reads('a close without a code', frame(0x88, ''), 'close 1005 '),
  reads('a close with a reason', close(1000, 'später'), 'close 1000 später'),
  reads('a close reason of 123 bytes', close(4000, r123), `close 4000 ${r123}`),
  reads('nothing behind a close', [close(1000), text('a'), hex('ff')], 'close 1000 '),
  ...[...VALID_CODES, 3000, 3999, 4000, 4999].map((code) =>
    reads(`close code ${code}`, close(code), `close ${code} `),
  ),
];

const BROKEN_FRAMES: FrameCase[] = [
  refuses(1002, 'text that is not masked', hex('81 01 61')),
  refuses(1002, 'a ping that is not masked', hex('89 00')),
  refuses(1002, 'a close that is not masked', hex('88 02 03e8')),
  ...[0x40, 0x20, 0x10].flatMap((rsv) => [
    refuses(1002, `the reserved bit ${rsv} in a text`, frame(0x81 | rsv, 'a')),
    refuses(1002, `the reserved bit ${rsv} in a ping`, frame(0x89 | rsv, '')),
    refuses(1002, `the reserved bit ${rsv} in a fragment`, firstText('a'), frame(0x80 | rsv, 'b')),
  ]),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
    refuses(1002, `the reserved opcode ${opcode}`, frame(0x80 | opcode, '')),
  ),
  refuses(1002, 'a fragmented close', frame(0x08, '')),
  refuses(1002, 'a fragmented ping', frame(0x09, '')),
  refuses(1002, 'a fragmented pong', frame(0x0a, '')),
  refuses(1002, 'a ping of 126 bytes', ping('p'.repeat(126))),
  refuses(1002, 'a pong of 65536 bytes', pong(Buffer.alloc(65_536))),
  refuses(1002, 'a close of 126 bytes', close(1000, 'r'.repeat(124))),
  refuses(1002, 'a continuation of nothing', last('a')),
  refuses(1002, 'a fragment in the middle of nothing', more('a')),
  refuses(1002, 'a text inside a fragmented message', firstText('a'), text('b')),
  refuses(1002, 'a first fragment behind another', firstText('a'), firstBinary('b')),
  refuses(1002, 'no bytes with 16 bits of length', hex('81 fe 0000 00000000')),
  refuses(1002, '125 bytes with 16 bits of length', hex('82 fe 007d 00000000'), Buffer.alloc(125)),
  refuses(1002, '1 byte with 64 bits of length', hex('82 ff 0000000000000001 00000000 00')),
  refuses(1002, '65535 bytes with 64 bits of length', hex('82 ff 000000000000ffff 00000000')),
  refuses(1002, 'a length with its highest bit set', hex('82 ff 8000000000000000 00000000')),
  refuses(1002, 'a ping with 16 bits of length', hex('89 fe 0001 00000000 00')),
  refuses(1002, 'a frame, and ignores all behind it', hex('83'), text('a'), close(1000)),
  refuses(1002, 'a close of one byte', frame(0x88, hex('03'))),
  ...INVALID_CODES.map((code) => refuses(1002, `close code ${code}`, close(code))),
];

const four = [firstText(''), more(''), more(''), more('')];

const LIMITS: FrameCase[] = [
  refuses(1009, 'a message over maxMessageSize', binary(`${full}yz`)),
  refuses(1009, 'fragments over maxMessageSize', firstText(full), last('yz')),
  refuses(1009, 'a fragment once the message is full', firstText(`${full}y`), last('z')),
  refuses(1009, 'the longest length that there is', hex('82 ff 7fffffffffffffff')),
  refuses(1009, 'a length just over 32 bits', hex('82 ff 0000000100000000')),
  refuses(1008, 'more than maxFragments', ...four.slice(0, 3), more('a'), last('b')),
  reads('a ping once the message is full', [firstText(`${full}y`), ping('p')], 'ping 70'),
  reads('a ping once there are maxFragments', [...four, ping('p')], 'ping 70'),
  refuses(1008, 'more than maxFragments, all of them empty', ...four, last('')),
];

/** What is not UTF-8 in any text: RFC 3629 §4. */
const BAD_UTF8: readonly (readonly [title: string, digits: string])[] = [
  ['a continuation byte alone', '80'],
  ['a byte that never occurs', 'ff'],
  ['an overlong slash', 'c0af'],
  ['an overlong form of 2 bytes', 'c1bf'],
  ['an overlong form of 3 bytes', 'e09fbf'],
  ['an overlong form of 4 bytes', 'f08fbfbf'],
  ['a high surrogate', 'eda080'],
  ['a low surrogate', 'edbfbf'],
  ['a character beyond U+10FFFF', 'f4908080'],
  ['a lead byte beyond F4', 'f5808080'],
  ['a lead byte and a letter', 'c361'],
  ['a character without its last byte', 'f09f9861'],
];

function badUtf8Cases([title, digits]: readonly [string, string]): FrameCase[] {
  const bytes = hex(`cea9 6b ${digits} 6b`);
  const start = bytes.subarray(0, 4);
  return [
    refuses(1007, `${title} in a text`, text(bytes)),
    refuses(1007, `${title} in a first fragment`, firstText(bytes)),
    refuses(1007, `${title} across fragments`, firstText(start), last(bytes.subarray(4))),
    refuses(1007, `${title} in a close reason`, close(1000, bytes)),
    reads(`${title} in a binary message`, binary(bytes), `binary ${bytes.toString('hex')}`),
  ];
}

function unfinishedCases(digits: string): FrameCase[] {
  return [
    refuses(1007, `a text that ends within a character, ${digits}`, text(hex(digits))),
    refuses(1007, `a last fragment that ends so, ${digits}`, firstText('a'), last(hex(digits))),
    refuses(1007, `an empty last fragment behind it, ${digits}`, firstText(hex(digits)), last('')),
  ];
}

/** Each stops in the middle of a frame: what is wrong has shown already. */
const EARLY: FrameCase[] = [
  refuses(1002, 'a reserved opcode at its byte', hex('83')),
  refuses(1002, 'a reserved bit at its byte', hex('c1')),
  refuses(1002, 'a continuation of nothing at its byte', hex('00')),
  refuses(1002, 'a missing mask before the length', hex('81 7e')),
  refuses(1002, 'a long ping before its length', hex('89 ff')),
  refuses(1002, 'a needlessly long length before the mask', hex('82 fe 007d')),
  refuses(1009, 'a long message before the mask', hex('82 ff 0000000000011171')),
  refuses(1009, 'a long fragment before the mask', firstText('ab'), hex('80 ff 000000000001116f')),
  ...['f490', 'eda0', 'e09f', 'f08f', 'c0', 'f5', '6180'].map((digits) =>
    refuses(1007, `${digits} before the frame ends`, text(hex(`${digits} 00`)).subarray(0, -1)),
  ),
];

/** All cases, as data: for the reader alone, and for a runner that sends them to a server. */
export const FRAME_CASES: readonly FrameCase[] = [
  ...MESSAGES,
  ...FRAGMENTS,
  ...CONTROL_FRAMES,
  ...BROKEN_FRAMES,
  ...LIMITS,
  ...BAD_UTF8.flatMap(badUtf8Cases),
  ...['c3', 'e282', 'f09f98'].flatMap(unfinishedCases),
  ...EARLY,
];
