import type { Connection } from '../../src/main/index.ts';

/** The largest message that comes back, in bytes; a larger one closes its connection with 1009. */
export const MAX_ECHO = 2048;

/** Sends every native message back as it came, text as text and bytes as bytes. */
export function onConnection(c: Connection): void {
  c.emit('welcome', { shard: c.shard, limit: MAX_ECHO });
  c.onMessage((message) => c.emitMessage(message));
}
