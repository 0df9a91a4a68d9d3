import { BROKEN_FRAME_CASES, RSV1_CASES } from './broken-frame-cases.ts';
import { CLOSE_CASES } from './close-cases.ts';
import type { FrameCase } from './frame-case.ts';
import { MESSAGE_CASES } from './message-cases.ts';
import { UTF8_CASES } from './utf8-cases.ts';

/** Cases as data, for the reader alone and for a runner that sends them to a server. */
export const CASES_OF_ANY_CONNECTION: readonly FrameCase[] = [
  ...MESSAGE_CASES,
  ...BROKEN_FRAME_CASES,
  ...CLOSE_CASES,
  ...UTF8_CASES,
];

/** All cases of a connection without an extension. */
export const FRAME_CASES: readonly FrameCase[] = [...CASES_OF_ANY_CONNECTION, ...RSV1_CASES];
