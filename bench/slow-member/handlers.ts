import type { Connection } from '../../src/main/index.ts';

/** Everyone is in one room; what a member says is for it, or behind '!' for those who stall. */
export function onConnection(c: Connection): void {
  const isStalled = c.request.url.endsWith('?stalls');
  c.join('room');
  if (isStalled) c.join('stalled');
  c.onMessage((message) => {
    const text = String(message);
    c.to(text.startsWith('!') ? 'stalled' : 'room').emitMessage(text);
  });
  let lost = 0;
  c.onBackpressure(({ state, droppedMessages }) => {
    if (state !== 'behind') lost += droppedMessages;
    c.to('room').emitMessage(`#${state} ${lost}`);
  });
}
