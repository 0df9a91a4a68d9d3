import type { WebSocketLike } from './web-socket.ts';

// What the WebSockets of Node and of `ws` have more than those of browsers.

/** Breaks a connection off where that can be done: `ws` can. */
export function terminate(socket: WebSocketLike): void {
  socket.terminate?.();
}

/** What an error event says. */
export function messageOfEvent(
  { message }: { readonly message?: string },
  otherwise: string,
): string {
  return message || otherwise;
}
