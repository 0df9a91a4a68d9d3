import fc from 'fast-check';
import { frame, ping, pong } from '../../conformance/client-frames.ts';

/** The limits that the streams count on; sizes in bytes. */
export const STREAM_LIMITS = { maxMessageSize: 300, maxFragments: 6 };

interface Step {
  frames: Buffer[];
  outcome: string;
}

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });
const payload = fc.uint8Array({ maxLength: 200 });
const words = fc.string({ unit: 'binary', maxLength: 40 }).map((word) => Buffer.from(word));
const controls = fc.uint8Array({ maxLength: 125 }).chain((data) => {
  const digits = Buffer.from(data).toString('hex');
  const pings: Step = { frames: [ping(data)], outcome: `ping ${digits}` };
  return fc.constantFrom(pings, { frames: [pong(data)], outcome: `pong ${digits}` });
});

/** A message cut into fragments at any bytes, each masked on its own. */
const messages: fc.Arbitrary<Step> = fc
  .record({
    data: fc.oneof(payload, words),
    cuts: fc.array(fc.nat(200), { maxLength: STREAM_LIMITS.maxFragments - 1 }),
    masks: fc.array(mask, {
      minLength: STREAM_LIMITS.maxFragments,
      maxLength: STREAM_LIMITS.maxFragments,
    }),
    isBinary: fc.boolean(),
  })
  .map(({ data, cuts, masks, isBinary }) => {
    const bytes = Buffer.from(data);
    const isText = !isBinary && Buffer.from(String(bytes)).equals(bytes);
    const ends = [
      ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b),
      bytes.length,
    ];
    const frames = ends.map((end, i) => {
      const opcode = i > 0 ? 0 : isText ? 1 : 2;
      const first = opcode | (i === ends.length - 1 ? 0x80 : 0);
      return frame(first, bytes.subarray(ends[i - 1] ?? 0, end), masks[i]);
    });
    return { frames, outcome: isText ? `text ${bytes}` : `binary ${bytes.toString('hex')}` };
  });

/** A message, and control frames before its fragments; a message counts when its last has come. */
const steps = fc
  .tuple(messages, fc.array(fc.tuple(fc.nat(5), controls), { maxLength: 3 }))
  .map(([message, inserted]) => {
    const frames = message.frames.map((bytes) => [bytes]);
    const outcomes: string[][] = message.frames.map(() => []);
    for (const [place, control] of inserted) {
      frames[place % frames.length]?.splice(-1, 0, ...control.frames);
      outcomes[place % frames.length]?.push(control.outcome);
    }
    return { bytes: Buffer.concat(frames.flat()), outcomes: [...outcomes.flat(), message.outcome] };
  });

/** What a client may send: messages, in fragments, with control frames anywhere between them. */
export const sessions = fc.array(steps, { maxLength: 5 }).map((list) => ({
  bytes: Buffer.concat(list.map(({ bytes }) => bytes)),
  outcomes: list.flatMap(({ outcomes }) => outcomes),
}));

/** How a stream may be cut into chunks, in turn. */
export const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });

/** Sessions with some bytes changed, some left out, and an end anywhere. */
export const broken = fc
  .record({
    session: sessions,
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    holes: fc.array(fc.nat(), { maxLength: 2 }),
    end: fc.option(fc.nat()),
  })
  .map(({ session, edits, holes, end }) => {
    let bytes = Buffer.from(session.bytes);
    for (const [at, value] of edits) bytes[at % (bytes.length + 1)] = value;
    for (const at of holes) {
      const hole = at % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, hole), bytes.subarray(hole + 1)]);
    }
    return end === null ? bytes : bytes.subarray(0, end % (bytes.length + 1));
  });
