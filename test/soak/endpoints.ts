import type { CodecName } from '../../src/client/index.ts';
import type { ServerOptions } from '../../src/main/index.ts';

import { LOBBY } from './verbs.ts';

/** One of the servers that are soaked. */
export interface Endpoint {
  readonly path: string;
  readonly place: 'closures' | 'module';
  readonly codec: 'text' | 'msgpack' | 'negotiate';
  /** What its clients ask for; undefined: nothing, which is text. */
  readonly asks: readonly (CodecName | undefined)[];
  /** Where its clients may stop reading for so long that it has to do something. */
  readonly slowConsumer?: 'close' | 'drop' | 'latest';
  readonly compression?: boolean;
}

const BOTH = ['text', 'msgpack', undefined] as const;

/** Both places of handlers, all codecs, all ways with slow connections. */
export const ENDPOINTS: readonly Endpoint[] = [
  { path: '/closures-text', place: 'closures', codec: 'text', asks: ['text', undefined] },
  { path: '/closures-both', place: 'closures', codec: 'negotiate', asks: BOTH },
  { path: '/module-text', place: 'module', codec: 'text', asks: ['text', undefined] },
  { path: '/module-msgpack', place: 'module', codec: 'msgpack', asks: ['msgpack'] },
  { path: '/module-both', place: 'module', codec: 'negotiate', asks: BOTH, compression: true },
  {
    path: '/closures-close',
    place: 'closures',
    codec: 'msgpack',
    asks: ['msgpack'],
    slowConsumer: 'close',
  },
  { path: '/module-drop', place: 'module', codec: 'text', asks: ['text'], slowConsumer: 'drop' },
  {
    path: '/closures-latest',
    place: 'closures',
    codec: 'text',
    asks: ['text'],
    slowConsumer: 'latest',
  },
];

/** The rooms of each server have the same names: they must not mix. */
export const ROOMS: readonly string[] = [LOBBY, 'red', 'green', 'blue', 'grey'];

/** How such a server is configured. */
export function optionsOf({
  path,
  place,
  codec,
  slowConsumer,
  compression,
}: Endpoint): ServerOptions {
  return {
    endpoint: path,
    codec,
    maxMessageSize: 16_384,
    compression: compression === true ? { threshold: 256 } : false,
    ...(slowConsumer === undefined ? {} : { slowConsumer, maxBufferedBytes: 2 ** 18 }),
    ...(place === 'closures' ? {} : { handlers: new URL('./verbs.ts', import.meta.url) }),
  };
}
