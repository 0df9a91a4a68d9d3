import type { TLSSocket } from 'node:tls';

/** Milliseconds. */
const PERIOD = 1_000;

/** Bytes that may be TLS's own, of what a connection receives in a period. */
const ALLOWANCE = 128 * 1024;

/** As many more for each byte of content: a record adds 22, and no WebSocket frame has less than 6. */
const PER_BYTE = 4;

/** What counts the bytes that it has received. */
interface Received {
  readonly bytesRead: number;
}

/** One TLS connection, and what it had received when it was looked at last. */
interface Watched {
  readonly raw: Received;
  rawBytes: number;
  plainBytes: number;
}

/**
 * Ends connections that carry next to nothing but TLS itself. With TLS 1.3 a peer may ask for new keys
 * as often as it likes (RFC 8446 section 4.6.3): 27 bytes have OpenSSL derive them and answer. Nothing
 * of that is seen by who reads the connection, and no limit on messages counts it.
 */
export class OverheadWatch {
  readonly #watched = new Map<TLSSocket, Watched>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * Watches a connection until it is closed; what it has received before does not count.
   * @param raw the TCP connection below it
   */
  add(socket: TLSSocket, raw: Received): void {
    const { bytesRead: rawBytes } = raw;
    this.#watched.set(socket, { raw, rawBytes, plainBytes: socket.bytesRead });
    this.#timer ??= setInterval(this.#look, PERIOD);
    socket.once('close', () => this.#forget(socket));
  }

  #forget(socket: TLSSocket): void {
    this.#watched.delete(socket);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    for (const [socket, watched] of this.#watched) {
      const { raw, rawBytes, plainBytes } = watched;
      watched.rawBytes = raw.bytesRead;
      watched.plainBytes = socket.bytesRead;
      const content = watched.plainBytes - plainBytes;
      const overhead = watched.rawBytes - rawBytes - content;
      if (overhead > ALLOWANCE + PER_BYTE * content) socket.destroy();
    }
  };
}
