import { inspect } from 'node:util';
import type { Connection } from '../../src/main/index.ts';

/** Headers whose values tell no secret: all others may be credentials, or carry some. */
const HARMLESS = new Set([
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'host',
  'origin',
  'pragma',
  'sec-websocket-extensions',
  'sec-websocket-version',
  'upgrade',
  'user-agent',
]);

/** Prints the headers of a connection's request: of most of them the name alone. */
export function printHeaders({ id, request }: Pick<Connection, 'id' | 'request'>): void {
  console.log(`${id} has connected, with these headers:`);
  for (const [name, value] of Object.entries(request.headers)) {
    // A value is the client's: inspect escapes what a terminal would obey.
    console.log(HARMLESS.has(name) ? `  ${name}: ${inspect(value)}` : `  ${name}`);
  }
}
