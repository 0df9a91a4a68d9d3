import { close, firstText, frame, hex, last, ping, pong, text } from './client-frames.ts';
import { type FrameCase, reads, refuses, refusesThen } from './frame-case.ts';

const VALID_CODES = [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014],
  ...[3000, 3001, 3500, 3999, 4000, 4001, 4500, 4999],
];
const INVALID_CODES = [
  ...[0, 1, 125, 256, 500, 998, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1100, 1999],
  ...[2000, 2500, 2999, 5000, 5001, 9999, 10_000, 32_768, 65_535],
];
const r123 = 'r'.repeat(123);
const euros = '€'.repeat(41); // 123 bytes

/** The closing handshake, as a client begins it. RFC 6455 §5.5.1, §7. */
export const CLOSE_CASES: readonly FrameCase[] = [
  reads('a close without a code', frame(0x88, ''), 'close 1005 '),
  reads('a close with a reason', close(1000, 'später'), 'close 1000 später'),
  reads('a close reason of 1 byte', close(1000, 'r'), 'close 1000 r'),
  reads('a close reason of 122 bytes', close(4000, r123.slice(1)), `close 4000 ${r123.slice(1)}`),
  reads('a close reason of 123 bytes', close(4000, r123), `close 4000 ${r123}`),
  reads('a close reason of 41 characters', close(4000, euros), `close 4000 ${euros}`),
  reads('a close behind a message', [text('a'), close(1000)], 'text a', 'close 1000 '),
  reads('a close behind a ping', [ping('p'), close(1000)], 'ping 70', 'close 1000 '),
  reads('a close in an unfinished message', [firstText('a'), close(1000)], 'close 1000 '),
  reads('nothing behind a close', [close(1000), text('a'), hex('ff')], 'close 1000 '),
  reads('no ping behind a close', [close(1000), ping('p')], 'close 1000 '),
  reads('no pong behind a close', [close(1000), pong('p')], 'close 1000 '),
  reads('no second close', [close(1000), close(1001)], 'close 1000 '),
  reads('no violation behind a close', [close(1000), hex('83')], 'close 1000 '),
  reads('no fragment behind a close', [firstText('a'), close(1000), last('b')], 'close 1000 '),
  reads('no long message behind a close', [close(1000), text('a'.repeat(9000))], 'close 1000 '),
  ...VALID_CODES.flatMap((code) => [
    reads(`close code ${code}`, close(code), `close ${code} `),
    reads(`close code ${code} and a reason`, close(code, 'why'), `close ${code} why`),
  ]),
  ...INVALID_CODES.flatMap((code) => [
    refuses(1002, `close code ${code}`, close(code)),
    refuses(1002, `close code ${code} with a reason`, close(code, 'why')),
  ]),
  refuses(1002, 'a close of one byte', frame(0x88, hex('03'))),
  refuses(1002, 'a close of one byte in a message', firstText('a'), frame(0x88, hex('03'))),
  refusesThen(1002, 'a close of one byte', frame(0x88, hex('e8'))),
  refusesThen(1002, 'a close code that must not be sent', close(1005)),
  refusesThen(1007, 'a close reason that is not UTF-8', close(1000, hex('ff'))),
];
