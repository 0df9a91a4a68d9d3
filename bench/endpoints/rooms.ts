import type { Connection } from '../../src/main/index.ts';

/** Every message goes to the sender's one room, which the query names: `/rooms?room=17`. */
export function onConnection(c: Connection): void {
  const room = new URL(c.request.url, 'http://host').searchParams.get('room') ?? 'room1';
  c.join(room);
  c.onMessage((message) => c.to(room).emitMessage(message));
}
