import { PageWs } from './page/page-ws.ts';

// What a page gets from /iris-ws.js: a global `Ws` that speaks to servers of the prefix in its head.
Object.assign(globalThis, { Ws: PageWs });
