import { BROKEN_FRAME_CASES } from './broken-frame-cases.ts';
import { CLOSE_CASES } from './close-cases.ts';
import type { FrameCase } from './frame-case.ts';
import { MESSAGE_CASES } from './message-cases.ts';
import { UTF8_CASES } from './utf8-cases.ts';

/** All cases, as data: for the reader alone, and for a runner that sends them to a server. */
export const FRAME_CASES: readonly FrameCase[] = [
  ...MESSAGE_CASES,
  ...BROKEN_FRAME_CASES,
  ...CLOSE_CASES,
  ...UTF8_CASES,
];
