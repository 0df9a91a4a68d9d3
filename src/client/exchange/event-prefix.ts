// A file of its own: the build of the script for pages puts the prefix of its server in its place.
export { DEFAULT_EVENT_PREFIX } from '../../shared/codec/text-codec.ts';
