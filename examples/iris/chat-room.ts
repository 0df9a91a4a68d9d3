import type { Connection } from '../../src/main/index.ts';

/** What pages send, which is unknown until it has been checked, and what they are sent. */
export interface ChatEvents {
  chat: unknown;
}

const ROOM = 'room1';

/** The handlers of one connection: a room to talk in, until somebody says "leave". */
export function enterRoom(c: Connection<ChatEvents>): void {
  c.join(ROOM);

  c.on('chat', (text) => {
    if (typeof text !== 'string') return;
    if (!c.isJoined(ROOM)) {
      c.emit('chat', `You are not in ${ROOM}: nobody has heard you.`);
    } else if (text === 'leave') {
      c.leave(ROOM);
      c.to(ROOM).emit('chat', `${c.id} has left ${ROOM}.`);
      c.emit('chat', `You have left ${ROOM}: you hear nobody there any more.`);
    } else {
      c.to(ROOM).emit('chat', `From: ${c.id}: ${text}`); // to the sender, too
    }
  });

  // Messages that are no events come back as they are.
  c.onMessage((message) => c.emitMessage(message));

  c.onDisconnect(({ code }) => console.log(`${c.id} has disconnected (${code})`));
}
