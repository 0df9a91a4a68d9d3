// By itself, so that the script for pages can have the prefix of its server in its place.
export { DEFAULT_EVENT_PREFIX } from '../shared/text-codec.ts';
