import type { Connection, Message } from '../../src/main/index.ts';

const ECHO = 0x21; // '!'

/** A message that begins with '!' goes back to its sender, any other to the room of all. */
export function onConnection(c: Connection): void {
  c.join('room1');
  c.onMessage((message) => {
    if (firstByte(message) === ECHO) c.emitMessage(message);
    else c.to('room1').emitMessage(message);
  });
}

function firstByte(message: Message): number | undefined {
  return typeof message === 'string' ? message.charCodeAt(0) : message[0];
}
