import type { WebSocketLike } from './web-socket.ts';

// A file of its own: pages get none of it. Browsers do not say what has come of a message.

/** A socket of Node, as far as it is used here. */
interface Counting {
  readonly bytesRead: number;
  readonly localPort?: number;
}

/** Diagnostics of the WebSocket of Node: its requests, and its openings. */
const REQUEST = 'undici:client:sendHeaders';
const OPENING = 'undici:websocket:open';

interface Request {
  readonly socket: Counting;
}

interface Opening {
  readonly websocket: unknown;
  readonly address: { readonly port: number };
}

const sockets = new WeakMap<WebSocketLike, Counting>();

/** Looks for the socket below a WebSocket that is opening. */
export function followBytes(webSocket: WebSocketLike): void {
  const channels = globalThis.process?.getBuiltinModule?.('node:diagnostics_channel');
  if (channels === undefined || webSocket.addEventListener === undefined) return;
  const requests = new Set<Counting>();
  const onRequest = (message: unknown) => requests.add((message as Request).socket);
  const onOpening = (message: unknown) => {
    const { websocket, address } = message as Opening;
    if (websocket !== webSocket) return;
    const socket = [...requests].find(({ localPort }) => localPort === address.port);
    if (socket) sockets.set(webSocket, socket);
    stop();
  };
  const stop = () => {
    channels.unsubscribe(REQUEST, onRequest);
    channels.unsubscribe(OPENING, onOpening);
  };
  channels.subscribe(REQUEST, onRequest);
  channels.subscribe(OPENING, onOpening);
  webSocket.addEventListener('close', stop);
}

/** The bytes that a WebSocket has received, also of messages that are not whole; 0 = unknown. */
export function receivedBytes(webSocket: WebSocketLike): number {
  const { _socket } = webSocket as { readonly _socket?: Counting | null }; // `ws` has it
  return (_socket ?? sockets.get(webSocket))?.bytesRead ?? 0;
}
