import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsCommand, TlsEvent } from '../../shared/messages/tls-messages.ts';

/** How long what has been written last may take to go out, in milliseconds. */
const LINGER = 5_000;

/** As {@link LINGER}, where the shard waits for it to stop. */
const LINGER_AT_STOP = 1_000;

/**
 * One TLS connection, as long as it is no WebSocket: its plain bytes go to the primary, one chunk at
 * a time, and what the primary answers goes back.
 */
export class Relay {
  readonly #raw: Socket;
  readonly #tell: (event: TlsEvent) => void;
  #socket: TLSSocket | undefined;
  /** Ends it, where it has been destroyed and lingers. */
  #lingering: NodeJS.Timeout | undefined;

  /** @param raw the TCP connection: what closes it closes all */
  constructor(raw: Socket, tell: (event: TlsEvent) => void) {
    this.#raw = raw;
    this.#tell = tell;
    raw.on('error', ignore);
    raw.once('close', this.#onClose);
  }

  /** The TLS handshake is done: plain bytes may come. */
  start(socket: TLSSocket): void {
    this.#socket = socket;
    socket.on('error', ignore); // 'close' follows
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
  }

  /** Does what the primary asks for. */
  carryOut(command: TlsCommand): void {
    const socket = this.#socket;
    // Before the handshake is done there is nobody to answer; it is the deadline that has passed.
    if (socket === undefined) this.#raw.destroy();
    else if (command.do === 'pull') socket.resume();
    else if (command.do === 'write')
      socket.write(command.bytes, () => this.#tell({ is: 'written' }));
    else if (command.do === 'end') socket.end();
    else this.#destroy(socket);
  }

  /** Lets the connection go: it is a WebSocket now. Undefined: it is gone already. */
  release(): TLSSocket | undefined {
    const socket = this.#socket;
    this.#raw.off('close', this.#onClose);
    if (socket === undefined || socket.destroyed) return undefined;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    return socket;
  }

  /** The shard stops: where only the last answer is on its way, it has less time for that. */
  hurry(): void {
    if (this.#lingering !== undefined) this.#cutAfter(LINGER_AT_STOP);
  }

  /** Ends it without a word. */
  terminate(): void {
    this.#raw.destroy();
  }

  /** As with a socket that is destroyed, what has been written still goes out, if it can. */
  #destroy(socket: TLSSocket): void {
    socket.off('data', this.#onData);
    socket.resume();
    this.#cutAfter(LINGER);
    socket.end(() => socket.destroy());
  }

  /** A timeout of the socket's own would begin anew with each byte that the client sends. */
  #cutAfter(ms: number): void {
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.#raw.destroy(), ms);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#socket?.pause(); // until it is pulled
    // A clone takes all of a chunk's memory with it: that must be nothing but the chunk.
    const isAlone = chunk.length === chunk.buffer.byteLength;
    this.#tell({ is: 'data', bytes: isAlone ? chunk : new Uint8Array(chunk) });
  };

  readonly #onEnd = (): void => this.#tell({ is: 'end' });

  readonly #onClose = (): void => {
    clearTimeout(this.#lingering);
    this.#tell({ is: 'closed' });
  };
}

function ignore(): void {}
