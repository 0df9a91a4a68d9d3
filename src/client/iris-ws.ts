import type { WsOptions } from './options.ts';
import { Ws } from './ws.ts';

/** The server's eventPrefix; whoever serves the script puts it at its head. */
declare const EVENT_PREFIX: string;

// What a page gets from /iris-ws.js: a global `Ws` that speaks to servers of this prefix.
Object.assign(globalThis, {
  Ws: class extends Ws {
    constructor(url: string | URL, protocols?: string | string[] | null, options?: WsOptions) {
      super(url, protocols, { eventPrefix: EVENT_PREFIX, ...options });
    }
  },
});
