import { buildClientFrame } from '../../src/load/client-frame.ts';
import { buildFrame, OPCODES } from '../../src/shared/codec/frame.ts';
import { FrameReader, type FrameSink } from '../../src/workers/read/frame-reader.ts';
import { PAYLOAD, type Step } from './step.ts';

const FRAMES = 16; // of one chunk, as a busy client's come

let taken: unknown;
const ignore = () => {};
const frames: FrameSink = {
  onMessage: (data) => {
    taken = data;
  },
  onPing: ignore,
  onPong: ignore,
  onClose: ignore,
  onViolation: (error) => {
    throw error;
  },
};

function read(name: string, count: number, payload: Uint8Array): Step {
  // A client's key of zeros leaves the chunk as it is, so that it can be read again.
  const frame = buildClientFrame(OPCODES.TEXT, payload);
  const chunk = Buffer.concat(Array(count).fill(frame));
  const limits = { maxMessageSize: 2 ** 20, maxFragments: 1024 };
  const reader = new FrameReader(limits, frames);
  return {
    name,
    each: count,
    run: () => {
      reader.read(chunk);
      return taken;
    },
  };
}

const large = Buffer.alloc(65_536, 'x');

/** Building a server's frames, reading a client's. */
export const frameSteps: readonly Step[] = [
  { name: 'frame: build, text', run: () => buildFrame(PAYLOAD) },
  { name: 'frame: build, 64 KB of bytes', run: () => buildFrame(large) },
  read('frame reader: one frame in a chunk', 1, Buffer.from(PAYLOAD)),
  read(`frame reader: ${FRAMES} frames in a chunk`, FRAMES, Buffer.from(PAYLOAD)),
  read('frame reader: a frame of 64 KB', 1, large),
];
