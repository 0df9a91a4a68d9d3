import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

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

/** A write straight to the handle whose end has not been told yet. */
interface UnfinishedWrite {
  readonly bytes: number;
  /** Called when it has ended well. */
  readonly waiters: (() => void)[];
}

interface HasHandle {
  readonly _handle: TcpHandle | null;
}

/** Whether handles of this Node.js write without being given a request (26.10 and later). */
const WRITES_DIRECTLY = probeHandle();

const NOTHING = Buffer.alloc(0);

/** What waits in pieces smaller than this is put together. */
const TAIL_BYTES = 16 * 2 ** 10;

/**
 * Writes to a socket. While nothing waits, bytes go straight to the socket's handle, since what a
 * stream does for each write costs a third of what the kernel does. What the kernel has not taken
 * waits, and until it has gone all further bytes take the way through the stream, behind it. There
 * small ones are copied together: by themselves each would cost more than its bytes, and keep the
 * memory that it is a part of.
 */
export class SocketWriter {
  readonly #socket: Socket;
  /** Whether its handle is one of TCP: one of TLS has bytes to send of its own. */
  readonly #isPlain: boolean;
  readonly #counters: { sentBytes: number };
  #unfinished: UnfinishedWrite | undefined;
  /** Small writes that are yet to go to the stream, behind all others. */
  #tail: Buffer | undefined;
  #tailBytes = 0;

  /** @param counters where it counts the bytes that it is given */
  constructor(socket: Socket, counters: { sentBytes: number }) {
    this.#socket = socket;
    this.#isPlain = WRITES_DIRECTLY && !(socket instanceof TLSSocket);
    this.#counters = counters;
  }

  /** Bytes that wait because the peer does not read; a write counts until it has gone whole. */
  get waitingBytes(): number {
    return this.#socket.writableLength + this.#unfinishedBytes + this.#tailBytes;
  }

  /** Bytes of the writes that have gone whole. */
  get sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength - this.#unfinishedBytes;
  }

  /** @param bytes must not change until they have been sent */
  write(bytes: Buffer): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    this.#counters.sentBytes += bytes.length;
    if (this.waitingBytes > 0) {
      this.#queue(bytes);
      return;
    }
    const handle = (socket as unknown as HasHandle)._handle;
    if (!this.#isPlain || handle === null) {
      socket.write(bytes);
      return;
    }
    const result = handle.writeBuffer(null, bytes);
    if (result === 0) return;
    if (typeof result === 'number') socket.destroy();
    else this.#awaitEnd(result, bytes);
  }

  /** Calls back when all that has been written has gone; not at all if it never will. */
  whenDrained(done: () => void): void {
    if (!this.#socket.writable) return;
    this.#flushTail();
    // A write of nothing: it ends behind all others of the stream. One straight to the handle may
    // be told to have ended only in the loop's next turn, though the kernel has it all.
    this.#socket.write(NOTHING, (error) => {
      if (error) return;
      if (this.#unfinished === undefined) done();
      else this.#unfinished.waiters.push(done);
    });
  }

  /** Ends the socket's side behind all that has been written. */
  end(): void {
    if (this.#socket.writable) this.#flushTail();
    this.#socket.end();
  }

  get #unfinishedBytes(): number {
    return this.#unfinished?.bytes ?? 0;
  }

  #queue(bytes: Buffer): void {
    if (this.#tailBytes + bytes.length > TAIL_BYTES) this.#flushTail();
    if (bytes.length >= TAIL_BYTES) {
      this.#socket.write(bytes);
      return;
    }
    if (this.#tail === undefined) {
      // It goes at the latest when nothing is ahead of it any more.
      this.whenDrained(() => this.#flushTail());
      this.#tail = Buffer.allocUnsafeSlow(TAIL_BYTES);
    }
    this.#tailBytes += bytes.copy(this.#tail, this.#tailBytes);
  }

  #flushTail(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    const bytes = tail.subarray(0, this.#tailBytes);
    this.#tail = undefined;
    this.#tailBytes = 0;
    // Not much of it: then it shall not keep all of its memory.
    this.#socket.write(bytes.length >= TAIL_BYTES / 2 ? bytes : copyOf(bytes));
  }

  #awaitEnd(request: WriteRequest, bytes: Buffer): void {
    const waiters: (() => void)[] = [];
    this.#unfinished = { bytes: bytes.length, waiters };
    request.buffer = bytes;
    request.oncomplete = (status) => {
      this.#unfinished = undefined;
      if (status !== 0) this.#socket.destroy();
      else for (const done of waiters) done();
    };
    if (request.writeStatus !== null) request.oncomplete(request.writeStatus);
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
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
