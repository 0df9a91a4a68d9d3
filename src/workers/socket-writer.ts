import { Socket } from 'node:net';

/** A write that the kernel has not taken whole. */
interface WriteRequest {
  oncomplete: (status: number) => void;
  /** Not null if it has ended already. */
  readonly writeStatus: number | null;
  /** The handle has only the address of what it writes: this keeps it alive. */
  buffer: Buffer;
}

/** The part of a TCP handle that is used here. */
interface TcpHandle {
  /** Returns 0 if the kernel has taken all, an errno, or what tells when the rest has gone. */
  writeBuffer(request: null, bytes: Buffer): number | WriteRequest;
}

interface HasHandle {
  readonly _handle: TcpHandle | null;
}

/** Whether handles of this Node.js write without being given a request (26.10 and later). */
const WRITES_DIRECTLY = probeHandle();

/**
 * Writes to a socket. While nothing waits, bytes go straight to the socket's handle, since what a
 * stream does for each write costs a third of what the kernel does. What the kernel has not taken
 * waits, and until it has gone all further bytes take the way through the stream, behind it.
 */
export class SocketWriter {
  readonly #socket: Socket;
  /** Bytes of a write straight to the handle that the kernel has not taken whole yet. */
  #unfinished = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that wait because the peer does not read; a write counts until it has gone whole. */
  get waitingBytes(): number {
    return this.#socket.writableLength + this.#unfinished;
  }

  /** Bytes of the writes that have gone whole. */
  get sentBytes(): number {
    return this.#socket.bytesWritten - this.waitingBytes;
  }

  /** @param bytes must not change until they have been sent */
  write(bytes: Buffer): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    const handle = (socket as unknown as HasHandle)._handle;
    if (!WRITES_DIRECTLY || handle === null || this.waitingBytes > 0) {
      socket.write(bytes);
      return;
    }
    const result = handle.writeBuffer(null, bytes);
    if (result === 0) return;
    if (typeof result === 'number') socket.destroy();
    else this.#awaitEnd(result, bytes);
  }

  #awaitEnd(request: WriteRequest, bytes: Buffer): void {
    this.#unfinished = bytes.length;
    request.buffer = bytes;
    request.oncomplete = (status) => {
      this.#unfinished = 0;
      if (status !== 0) this.#socket.destroy();
    };
    if (request.writeStatus !== null) request.oncomplete(request.writeStatus);
  }
}

/** Asks a socket how it would write to its handle. */
function probeHandle(): boolean {
  let seen: unknown;
  const handle = {
    writeBuffer(request: unknown): number {
      seen = request;
      return 0;
    },
    close(): void {},
  };
  const options: object = { handle, manualStart: true };
  const socket = new Socket(options);
  socket.on('error', () => {});
  socket.write(Buffer.alloc(1));
  socket.destroy();
  return seen === null;
}
