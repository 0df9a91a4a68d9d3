import type { SpreadServer } from './spread-server.ts';

/** The things that an app can have a server do, in the thread in which the app says it. */
export type Verbs = Pick<
  SpreadServer,
  'endpoint' | 'limits' | 'checks' | 'publish' | 'ask' | 'list' | 'command' | 'count' | 'report'
>;
