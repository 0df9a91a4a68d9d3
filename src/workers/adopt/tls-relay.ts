import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { RelayCommand, RelayEvent } from '../../shared/relay/relay-messages.ts';

/** The time that the last bytes may take to go out, in milliseconds. */
const LINGER = 5_000;

/** As {@link LINGER}, where the shard waits for it to stop. */
const LINGER_AT_STOP = 1_000;

/** The time between two looks at bytes that have not gone out yet, in milliseconds. */
const LOOK_INTERVAL = 5_000;

/** The handle of a TCP connection. */
interface TcpHandle {
  /** Bytes of all writes, and of these the bytes that the kernel has not taken. */
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

/**
 * One TLS connection until it is a WebSocket. Its plain bytes go to the primary, one chunk at a
 * time, and the bytes of the primary go back.
 */
export class TlsRelay {
  readonly #raw: Socket;
  readonly #tell: (event: RelayEvent) => void;
  #socket: TLSSocket | undefined;
  /** The timer that ends it, where it has been destroyed and lingers. */
  #lingering: NodeJS.Timeout | undefined;
  /** The timer of the next look at the bytes that go out. */
  #looking: NodeJS.Timeout | undefined;

  /** @param raw the TCP connection: its close closes all */
  constructor(raw: Socket, tell: (event: RelayEvent) => void) {
    this.#raw = raw;
    this.#tell = tell;
    raw.on('error', ignore);
    raw.once('close', this.#onClose);
  }

  /** Begins when the TLS handshake is done: plain bytes may come. */
  start(socket: TLSSocket): void {
    this.#socket = socket;
    socket.on('error', ignore); // 'close' follows
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
  }

  /** Carries out a command of the primary. */
  carryOut(command: RelayCommand): void {
    const socket = this.#socket;
    // The handshake is not done: its deadline has passed, and there is nobody to answer.
    if (socket === undefined) this.#raw.destroy();
    else if (command.do === 'pull') socket.resume();
    else if (command.do === 'end') socket.end();
    else if (command.do === 'destroy') this.#destroy(socket);
    else this.#write(socket, command.bytes);
  }

  /** Lets the connection go: it is a WebSocket now. @returns undefined if it is gone already */
  release(): TLSSocket | undefined {
    const socket = this.#socket;
    this.#raw.off('close', this.#onClose);
    clearTimeout(this.#looking);
    if (socket === undefined || socket.destroyed) return undefined;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    return socket;
  }

  /** Shortens the time of an answer that is on its way: the shard stops. */
  hurry(): void {
    if (this.#lingering !== undefined) this.#cutAfter(LINGER_AT_STOP);
  }

  /** Ends it without a word. */
  terminate(): void {
    this.#raw.destroy();
  }

  #write(socket: TLSSocket, bytes: Uint8Array): void {
    this.#lookLater();
    socket.write(bytes, () => {
      clearTimeout(this.#looking);
      this.#tell({ is: 'written' });
    });
  }

  /**
   * Cuts the connection where TLS keeps bytes back from a TCP connection that has room. A client has
   * reset it then, while TLS wrote bytes of its own: Node.js tells nobody of that error, and never
   * ends a later write. A client that does not read is another matter: TCP has bytes for it.
   */
  #lookLater(): void {
    const written = this.#handle?.bytesWritten;
    this.#looking = setTimeout(() => {
      const handle = this.#handle;
      if (handle?.bytesWritten === written && !handle?.writeQueueSize) this.#raw.destroy();
      else this.#lookLater();
    }, LOOK_INTERVAL);
  }

  get #handle(): TcpHandle | null {
    return (this.#raw as Socket & { readonly _handle: TcpHandle | null })._handle;
  }

  /** Destroys it behind the bytes that have been written, if they can go out. */
  #destroy(socket: TLSSocket): void {
    socket.off('data', this.#onData);
    socket.resume();
    this.#cutAfter(LINGER);
    socket.end(() => socket.destroy());
  }

  /** Sets a timer: the socket's own would begin anew with each byte that the client sends. */
  #cutAfter(ms: number): void {
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.#raw.destroy(), ms);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#socket?.pause(); // until it is pulled
    // A structured clone copies all of the memory below a chunk: that must be the chunk alone.
    const isAlone = chunk.length === chunk.buffer.byteLength;
    this.#tell({ is: 'data', bytes: isAlone ? chunk : new Uint8Array(chunk) });
  };

  readonly #onEnd = (): void => this.#tell({ is: 'end' });

  readonly #onClose = (): void => {
    clearTimeout(this.#lingering);
    clearTimeout(this.#looking);
    this.#tell({ is: 'closed' });
  };
}

function ignore(): void {}
