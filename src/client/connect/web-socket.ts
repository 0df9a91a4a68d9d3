/** The part of a WebSocket that the client uses: of browsers, of Node and of `ws`. */
export interface WebSocketLike {
  binaryType: string;
  /** 1 = open (WebSockets Standard). */
  readonly readyState: number;
  /** The subprotocol that the server chose; '' = none. */
  readonly protocol: string;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  /** Bytes that have been sent, and wait for the network. */
  readonly bufferedAmount?: number;
  addEventListener?(event: 'close', listener: () => void): unknown;
  send(message: string): unknown;
  close(code?: number, reason?: string): unknown;
  /** Breaks the connection off; `ws` has it. */
  terminate?(): unknown;
}

/** The URL to connect to, and the subprotocols to offer. */
export type Target = readonly [url: string, protocols: string[]];

/** Makes a {@link WebSocketLike} that connects at once. */
export type WebSocketConstructor = new (...target: Target) => WebSocketLike;
