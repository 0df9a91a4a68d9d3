import { DEFAULT_EVENT_PREFIX as DEFAULT } from '../shared/codec/text-codec.ts';

/** By itself, so that the script for pages can have the prefix of its server in its place. */
export const DEFAULT_EVENT_PREFIX: string = DEFAULT;
