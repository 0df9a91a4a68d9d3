import { DEFAULT_EVENT_PREFIX as DEFAULT } from '../shared/codec/text-codec.ts';

/** By itself: the build of the script for pages puts the prefix of its server in its place. */
export const DEFAULT_EVENT_PREFIX: string = DEFAULT;
