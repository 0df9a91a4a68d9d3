import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Milliseconds. */
const PERIOD = 1_000;

/** Bytes of TLS itself that a connection may receive in a period. */
const ALLOWANCE = 128 * 1024;

/** Further bytes for each byte of content: a record adds 22, a WebSocket frame has at least 6. */
const PER_BYTE = 4;

/** The TCP connection below a TLS one, and the bytes that both had received at the last look. */
interface Watched {
  readonly raw: Pick<Socket, 'bytesRead'>;
  rawBytes: number;
  plainBytes: number;
}

/**
 * Ends connections that carry next to nothing but TLS itself. With TLS 1.3 a client may ask for new
 * keys as often as it likes (RFC 8446 section 4.6.3). Its 27 bytes have OpenSSL derive them and
 * answer. The reader of the connection sees nothing of that, and no limit on messages counts it.
 */
export class OverheadWatch {
  readonly #watched = new Map<TLSSocket, Watched>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * Watches a connection until it is closed; bytes that it has received before do not count.
   * @param raw the TCP connection below it
   */
  add(socket: TLSSocket, raw: Watched['raw']): void {
    this.#watched.set(socket, { raw, rawBytes: raw.bytesRead, plainBytes: socket.bytesRead });
    this.#timer ??= setInterval(this.#look, PERIOD);
    socket.once('close', () => {
      this.#watched.delete(socket);
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
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
