import type { Message } from '../shared/codec.ts';
import { EngineError } from '../shared/errors.ts';

/** How many messages wait for a connection to open; one more throws. */
export const MAX_WAITING_MESSAGES = 1000;

/** Why a connection ended: the RFC 6455 close code and the server's reason, '' where it gave none. */
export interface DisconnectReason {
  readonly code: number;
  readonly reason: string;
}

/** Who hears what happens on a connection. */
export interface ConnectionSink {
  onConnect(): void;
  onDisconnect(reason: DisconnectReason): void;
  onMessage(message: Message): void;
}

/** A WebSocket that takes messages from the start. */
export interface Connection {
  /**
   * Sends a message; while the connection opens it waits, once it has ended it goes nowhere.
   * @throws EngineError ERR_OUTBOX_FULL where {@link MAX_WAITING_MESSAGES} wait already
   */
  send(message: Message): void;
  /** Closes the connection (RFC 6455 section 7). */
  close(code?: number, reason?: string): void;
}

/**
 * Opens a connection.
 * @throws what the WebSocket constructor throws: SyntaxError for a URL that is none
 */
export function connect(
  url: string,
  protocols: string | string[],
  sink: ConnectionSink,
): Connection {
  const socket = new WebSocket(url, protocols);
  const waiting: Message[] = [];
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    for (const message of waiting.splice(0)) send(message);
    sink.onConnect();
  };
  socket.onclose = (reason) => sink.onDisconnect(reason);
  socket.onmessage = ({ data }) =>
    sink.onMessage(typeof data === 'string' ? data : new Uint8Array(data));

  function send(message: Message): void {
    if (socket.readyState !== WebSocket.CONNECTING) {
      socket.send(message as string);
    } else if (waiting.length < MAX_WAITING_MESSAGES) {
      // The page may use its bytes again before they are sent.
      waiting.push(typeof message === 'string' ? message : new Uint8Array(message));
    } else {
      const text = `${MAX_WAITING_MESSAGES} messages wait for the connection to open`;
      throw new EngineError('ERR_OUTBOX_FULL', text);
    }
  }

  return { send, close: (code, reason) => socket.close(code, reason) };
}
