import { binary, close, firstText, hex, last, more, text } from './client-frames.ts';
import { type FrameCase, reads, refuses, refusesThen } from './frame-case.ts';

/** RFC 3629 §4: the ends of each range, and what stands out. */
const VALID: readonly (readonly [title: string, text: string])[] = [
  ['plain words', 'Hello-µ@ßöäüàá-UTF-8!!'],
  ['Greek', 'κόσμε'],
  ['characters of 1 to 4 bytes', 'aé€😀'],
  ['a byte order mark', '\ufeffa'],
  ['characters beside the surrogates', '\ud7ff\ue000'],
  ['a zero byte', '\0'],
  ['combining characters', 'e\u0301\u0302'],
  ...[0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd7ff, 0xe000, 0xfffd].map(named),
  ...[0xfffe, 0xffff, 0x10000, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10ffff].map(named),
  ...Array.from({ length: 16 }, (_, plane) => named(0x1fffe + plane * 0x10000)),
];

function named(point: number): readonly [string, string] {
  return [`the character U+${point.toString(16).toUpperCase()}`, String.fromCodePoint(point)];
}

function validCases([title, characters]: readonly [string, string]): FrameCase[] {
  const bytes = Buffer.from(characters);
  const middle = bytes.length >> 1;
  const each = [...bytes.subarray(0, 14)].map((byte) => more(Uint8Array.of(byte)));
  const rest = last(bytes.subarray(14));
  return [
    reads(`${title} in a text`, text(bytes), `text ${characters}`),
    reads(
      `${title} across fragments`,
      [firstText(bytes.subarray(0, middle)), last(bytes.subarray(middle))],
      `text ${characters}`,
    ),
    reads(`${title} byte by byte`, [firstText(''), ...each, rest], `text ${characters}`),
    reads(`${title} in a close reason`, close(1000, bytes), `close 1000 ${characters}`),
  ];
}

/** What is not UTF-8 in any text. */
const INVALID: readonly (readonly [title: string, digits: string])[] = [
  ['the first continuation byte', '80'],
  ['the last continuation byte', 'bf'],
  ['continuation bytes', '80bf80'],
  ['the byte FE', 'fe'],
  ['the byte FF', 'ff'],
  ['the bytes FE and FF', 'fefeffff'],
  ['an overlong slash of 2 bytes', 'c0af'],
  ['an overlong slash of 3 bytes', 'e080af'],
  ['an overlong slash of 4 bytes', 'f08080af'],
  ['an overlong slash of 5 bytes', 'f8808080af'],
  ['an overlong slash of 6 bytes', 'fc80808080af'],
  ['an overlong form of 2 bytes', 'c1bf'],
  ['an overlong form of 3 bytes', 'e09fbf'],
  ['an overlong form of 4 bytes', 'f08fbfbf'],
  ['an overlong form of 5 bytes', 'f887bfbfbf'],
  ['an overlong zero of 2 bytes', 'c080'],
  ['an overlong zero of 3 bytes', 'e08080'],
  ['an overlong zero of 4 bytes', 'f0808080'],
  ['the first high surrogate', 'eda080'],
  ['the last high surrogate', 'edafbf'],
  ['the first low surrogate', 'edb080'],
  ['the last low surrogate', 'edbfbf'],
  ['a pair of surrogates', 'eda080edb080'],
  ['a character beyond U+10FFFF', 'f4908080'],
  ['a lead byte beyond F4', 'f5808080'],
  ['a form of 4 bytes that is far too large', 'f7bfbfbf'],
  ['a form of 5 bytes', 'f888808080'],
  ['a form of 6 bytes', 'fc8480808080'],
  ['a lead byte of 2 and a letter', 'c361'],
  ['a lead byte of 3 and a letter', 'e261'],
  ['a lead byte of 4 and a letter', 'f061'],
  ['a character of 3 bytes without its last', 'e28261'],
  ['a character of 4 bytes without its last', 'f09f9861'],
  ['a character of 4 bytes without its last two', 'f09f61'],
  ['one continuation byte too many', 'e282acac'],
  ['a lead byte behind a lead byte', 'c3c3a9'],
];

function invalidCases([title, digits]: readonly [string, string]): FrameCase[] {
  const bytes = hex(`cea9 6b ${digits} 6b`);
  const start = bytes.subarray(0, 4);
  return [
    refuses(1007, `${title} in a text`, text(bytes)),
    refuses(1007, `${title} alone in a text`, text(hex(digits))),
    refuses(1007, `${title} in a first fragment`, firstText(bytes)),
    refuses(1007, `${title} across fragments`, firstText(start), last(bytes.subarray(4))),
    refuses(1007, `${title} before the frame ends`, unfinished(text(earliest(bytes)))),
    refuses(1007, `${title} before the last fragment`, firstText(start), more(rest(bytes))),
    refuses(1007, `${title} in a close reason`, close(1000, bytes)),
    refusesThen(1007, `${title} in the next`, text(bytes), text('not read')),
    reads(`${title} in a binary message`, binary(bytes), `binary ${bytes.toString('hex')}`),
  ];
}

/** As much as it takes to see that this is no UTF-8. */
function earliest(bytes: Buffer): Buffer {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (const [at, byte] of bytes.entries()) {
    try {
      decoder.decode(Uint8Array.of(byte), { stream: true });
    } catch {
      return bytes.subarray(0, at + 1);
    }
  }
  throw new Error(`${bytes.toString('hex')} is UTF-8, or may become it`);
}

/** What is behind the first 4 bytes of that. */
function rest(bytes: Buffer): Buffer {
  return earliest(bytes).subarray(4);
}

/** A frame that says that it has a byte more than has come; its payload has less than 125. */
function unfinished(frame: Buffer): Buffer {
  const longer = Buffer.from(frame);
  longer[1] = (longer[1] as number) + 1;
  return longer;
}

function unfinishedCases(digits: string): FrameCase[] {
  return [
    refuses(1007, `a text that ends within a character, ${digits}`, text(hex(digits))),
    refuses(1007, `a text that ends so, ${digits}`, text(hex(`6b ${digits}`))),
    refuses(1007, `a last fragment that ends so, ${digits}`, firstText('a'), last(hex(digits))),
    refuses(1007, `an empty last fragment behind it, ${digits}`, firstText(hex(digits)), last('')),
    refuses(1007, `a close reason that ends so, ${digits}`, close(1000, hex(digits))),
  ];
}

/** What text may be, and what ends it at once. RFC 6455 §8.1. */
export const UTF8_CASES: readonly FrameCase[] = [
  ...VALID.flatMap(validCases),
  ...INVALID.flatMap(invalidCases),
  ...['c3', 'e2', 'e282', 'f0', 'f09f', 'f09f98', 'f48fbf'].flatMap(unfinishedCases),
];
