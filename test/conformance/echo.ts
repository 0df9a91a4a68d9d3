import type { Connection } from '../../src/main/index.ts';

/** A message that has the server begin the closing handshake. */
export const PLEASE_CLOSE = 'close, please';

/** Sends every native message back. */
export function onConnection(connection: Connection): void {
  connection.onMessage((message) => {
    if (message === PLEASE_CLOSE) connection.disconnect(4321, 'as you please');
    else connection.emitMessage(message);
  });
}
