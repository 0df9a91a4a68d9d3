import {
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
import { type FrameCase, refuses, refusesThen } from './frame-case.ts';

const MASKS: FrameCase[] = [
  refuses(1002, 'text that is not masked', hex('81 01 61')),
  refuses(1002, 'an empty text that is not masked', hex('81 00')),
  refuses(1002, 'a binary message that is not masked', hex('82 01 61')),
  refuses(1002, 'a ping that is not masked', hex('89 00')),
  refuses(1002, 'a pong that is not masked', hex('8a 00')),
  refuses(1002, 'a close that is not masked', hex('88 02 03e8')),
  refuses(1002, 'a fragment that is not masked', firstText('a'), hex('80 01 61')),
  refusesThen(1002, 'another that is not masked', hex('81 01 61')),
];

function reservedInFirstFrames(rsv: number): FrameCase[] {
  return [
    refuses(1002, `the reserved bits ${rsv} in a text`, frame(0x81 | rsv, 'a')),
    refuses(1002, `the reserved bits ${rsv} in a binary message`, frame(0x82 | rsv, 'a')),
    refuses(1002, `the reserved bits ${rsv} in a first fragment`, frame(0x01 | rsv, 'a')),
    refusesThen(1002, `the reserved bits ${rsv} in the next`, frame(0x81 | rsv, 'a'), ping('')),
  ];
}

/** Those that hold for a connection without permessage-deflate, which gives RSV1 a meaning. */
export const RSV1_CASES: readonly FrameCase[] = [
  ...reservedInFirstFrames(0x40),
  refuses(1002, 'a reserved bit at its byte', hex('c1')),
];

const RESERVED_BITS: FrameCase[] = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70].flatMap((rsv) => [
  ...(rsv === 0x40 ? [] : reservedInFirstFrames(rsv)),
  refuses(1002, `the reserved bits ${rsv} in a fragment`, firstText('a'), frame(0x80 | rsv, 'b')),
  refuses(1002, `the reserved bits ${rsv} in a ping`, frame(0x89 | rsv, '')),
  refuses(1002, `the reserved bits ${rsv} in a pong`, frame(0x8a | rsv, '')),
  refuses(1002, `the reserved bits ${rsv} in a close`, frame(0x88 | rsv, hex('03e8'))),
]);

const OPCODES: FrameCase[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
  refuses(1002, `the reserved opcode ${opcode}`, frame(0x80 | opcode, '')),
  refuses(1002, `the reserved opcode ${opcode} with a payload`, frame(0x80 | opcode, 'data')),
  refuses(1002, `the reserved opcode ${opcode} in a fragment`, firstText('a'), frame(opcode, '')),
  refusesThen(1002, `the reserved opcode ${opcode}`, frame(0x80 | opcode, ''), ping('')),
]);

const CONTROL_FRAMES: FrameCase[] = [
  refuses(1002, 'a fragmented close', frame(0x08, '')),
  refuses(1002, 'a fragmented ping', frame(0x09, ''), frame(0x80, '')),
  refuses(1002, 'a fragmented pong', frame(0x0a, ''), frame(0x80, '')),
  refuses(1002, 'a fragmented ping between fragments', firstText('a'), frame(0x09, 'b'), last('')),
  refuses(1002, 'a ping of 126 bytes', ping('p'.repeat(126))),
  refuses(1002, 'a ping of 127 bytes', ping('p'.repeat(127))),
  refuses(1002, 'a pong of 126 bytes', pong('p'.repeat(126))),
  refuses(1002, 'a pong of 65536 bytes', pong(Buffer.alloc(65_536))),
  refuses(1002, 'a close of 126 bytes', close(1000, 'r'.repeat(124))),
  refusesThen(1002, 'a ping of 126 bytes', ping('p'.repeat(126))),
];

const FRAGMENT_ORDER: FrameCase[] = [
  refuses(1002, 'a continuation of nothing', last('a')),
  refuses(1002, 'an empty continuation of nothing', last('')),
  refuses(1002, 'a fragment in the middle of nothing', more('a')),
  refuses(1002, 'a fragment in the middle of nothing, and a text', more('a'), text('b')),
  refusesThen(1002, 'a continuation of it', last('a')),
  refusesThen(1002, 'a continuation of it that goes on', more('a'), text('b')),
  refuses(1002, 'a text inside a fragmented message', firstText('a'), text('b')),
  refuses(1002, 'a binary message inside a fragmented one', firstText('a'), frame(0x82, 'b')),
  refuses(1002, 'a first fragment behind another', firstText('a'), firstBinary('b')),
  refuses(1002, 'a first fragment behind one that is empty', firstText(''), firstText('b')),
  refusesThen(1002, 'an empty continuation of it', last('')),
];

const LENGTHS: FrameCase[] = [
  refuses(1002, 'no bytes with 16 bits of length', hex('81 fe 0000 00000000')),
  refuses(1002, '1 byte with 16 bits of length', hex('81 fe 0001 00000000 61')),
  refuses(1002, '125 bytes with 16 bits of length', hex('82 fe 007d 00000000'), Buffer.alloc(125)),
  refuses(1002, 'no bytes with 64 bits of length', hex('82 ff 0000000000000000 00000000')),
  refuses(1002, '1 byte with 64 bits of length', hex('82 ff 0000000000000001 00000000 00')),
  refuses(1002, '126 bytes with 64 bits of length', hex('82 ff 000000000000007e 00000000')),
  refuses(1002, '65535 bytes with 64 bits of length', hex('82 ff 000000000000ffff 00000000')),
  refuses(1002, 'a length with its highest bit set', hex('82 ff 8000000000000000 00000000')),
  refuses(1002, 'a length with all bits set', hex('82 ff ffffffffffffffff 00000000')),
  refuses(1002, 'a ping with 16 bits of length', hex('89 fe 0001 00000000 00')),
  refuses(1002, 'a ping with 64 bits of length', hex('89 ff 0000000000000001 00000000 00')),
  refuses(1002, 'a fragment with a long length', firstText('a'), hex('80 fe 0001 00000000 62')),
];

/** Each stops in the middle of a frame: what is wrong has shown already. */
const EARLY: FrameCase[] = [
  refuses(1002, 'a reserved opcode at its byte', hex('83')),
  refuses(1002, 'a reserved bit at its byte', hex('a1')),
  refuses(1002, 'a fragmented ping at its byte', hex('09')),
  refuses(1002, 'a continuation of nothing at its byte', hex('00')),
  refuses(1002, 'a text inside a fragmented message at its byte', firstText('a'), hex('81')),
  refuses(1002, 'a missing mask before the length', hex('81 7e')),
  refuses(1002, 'a long ping before its length', hex('89 ff')),
  refuses(1002, 'a needlessly long length before the mask', hex('82 fe 007d')),
  refuses(1009, 'a long message before the mask', hex('82 ff 0000000000011171')),
  refuses(1009, 'a long fragment before the mask', firstText('ab'), hex('80 ff 000000000001116f')),
  refusesThen(1002, 'a reserved opcode at its byte', hex('83')),
  refuses(1002, 'a frame, and ignores all behind it', hex('83'), text('a'), close(1000)),
];

/** What breaks the framing. RFC 6455 §5. */
export const BROKEN_FRAME_CASES: readonly FrameCase[] = [
  ...MASKS,
  ...RESERVED_BITS,
  ...OPCODES,
  ...CONTROL_FRAMES,
  ...FRAGMENT_ORDER,
  ...LENGTHS,
  ...EARLY,
];
