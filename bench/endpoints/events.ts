import type { Connection } from '../../src/main/index.ts';

/** The event `chat` goes to the room of all, `echo` goes back to its sender. */
export function onConnection(c: Connection): void {
  c.join('room1');
  c.on('chat', (payload: unknown) => c.to('room1').emit('chat', payload));
  c.on('echo', (payload: unknown) => c.emit('echo', payload));
}
