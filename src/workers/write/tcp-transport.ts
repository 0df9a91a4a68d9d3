import { Socket } from 'node:net';
import { Transport } from './transport.ts';

const TRANSPORT = Symbol('transport');

/** A write that the kernel has not taken whole. */
interface WriteRequest {
  oncomplete: (status: number) => void;
  /** Not null if it has ended already. */
  readonly writeStatus: number | null;
  /** The handle has only the address of what it writes: this keeps it alive. */
  buffer: Buffer;
}

/** A request to end our side. */
interface ShutdownRequest {
  oncomplete: (status: number) => void;
}

/** The part of a TCP handle that is used here. Each status is 0 or a negative errno. */
interface TcpHandle {
  [TRANSPORT]: TcpTransport;
  /** Is called when bytes have been read, or reading has ended; see {@link StreamBinding}. */
  onread: (this: TcpHandle) => void;
  /** Reads into this from now on, instead of memory of its own. */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** Returns 0 if the kernel has taken all, an errno, or a request that ends when it has. */
  writeBuffer(request: null, bytes: Buffer): number | WriteRequest;
  /** Returns 1 if it has been done already. */
  shutdown(request: ShutdownRequest): number;
  close(done: () => void): void;
  /** Bytes of all writes, and of these the bytes that the kernel has not taken. */
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

/** The binding of Node.js for its own streams. */
interface StreamBinding {
  /** Its first number says how many bytes have just been read, or with what error. */
  readonly streamBaseState: Int32Array;
  readonly ShutdownWrap: new () => ShutdownRequest;
}

const binding = streamBinding();
const END_OF_INPUT = -4095; // UV_EOF

/**
 * A transport over the handle of a TCP connection, with no stream around it. A `net.Socket` has
 * three times the memory of the handle, and adds a third of the kernel's time to each read and
 * write. All sockets of a server read into one buffer: each has used up its bytes before another.
 */
export class TcpTransport extends Transport {
  readonly #handle: TcpHandle;
  readonly #buffer: Buffer;
  #isReading = false;
  #hasClientEnded = false;
  #isShut = false;

  /** Whether handles of this Node.js can be used by themselves (26.10 and later). */
  static readonly isPossible = binding !== undefined && writesWithoutRequest();

  /**
   * @param handle of a connection that has moved here
   * @param buffer that it reads into
   */
  constructor(handle: object, buffer: Buffer, counters: { sentBytes: number }) {
    super(counters);
    this.#handle = handle as TcpHandle;
    this.#buffer = buffer;
    this.#handle[TRANSPORT] = this;
    this.#handle.onread = onRead;
    this.#handle.useUserBuffer(buffer);
  }

  override get takenBytes(): number {
    return this.#handle.bytesWritten - this.#handle.writeQueueSize;
  }

  override pause(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    this.#handle.readStop();
  }

  override resume(): void {
    if (this.#isReading || this.#hasClientEnded || this.isDestroyed) return;
    this.#isReading = true;
    if (this.#handle.readStart() !== 0) this.destroy();
  }

  /** Takes the number of bytes that have been read, or a negative errno. */
  hasRead(bytes: number): void {
    if (this.isDestroyed || bytes === 0) return;
    if (bytes > 0) {
      this.owner?.read(this.#buffer.subarray(0, bytes));
    } else if (bytes === END_OF_INPUT) {
      this.#isReading = false;
      this.#hasClientEnded = true;
      this.owner?.socketEnded();
    } else this.destroy();
  }

  protected override begin(bytes: Buffer): boolean {
    const result = this.#handle.writeBuffer(null, bytes);
    if (result === 0) return true;
    if (typeof result === 'number') {
      this.destroy();
      return true;
    }
    if (result.writeStatus !== null) {
      if (result.writeStatus !== 0) this.destroy();
      return true;
    }
    result.buffer = bytes;
    result.oncomplete = (status) => {
      if (status === 0) this.went();
      else this.destroy();
    };
    return false;
  }

  protected override finish(): void {
    if (this.#hasClientEnded) {
      this.destroy(); // both sides are done: closing says the same to the client
      return;
    }
    if (this.#isShut) return;
    this.#isShut = true;
    const request = new (binding as StreamBinding).ShutdownWrap();
    request.oncomplete = (status) => {
      if (status !== 0) this.destroy();
    };
    if (this.#handle.shutdown(request) < 0) this.destroy();
  }

  protected override close(): void {
    this.#handle.close(() => this.closed());
  }
}

function onRead(this: TcpHandle): void {
  this[TRANSPORT].hasRead((binding as StreamBinding).streamBaseState[0] as number);
}

function streamBinding(): StreamBinding | undefined {
  const node = process as unknown as {
    binding(name: string): StreamBinding;
    noDeprecation?: boolean;
  };
  const { noDeprecation } = node;
  // With --pending-deprecation it would warn in each thread, with --throw-deprecation end them.
  node.noDeprecation = true;
  try {
    // Deprecated, but there is no other way to learn how much has been read.
    const found = node.binding('stream_wrap');
    return found.streamBaseState instanceof Int32Array && found.ShutdownWrap ? found : undefined;
  } catch {
    return undefined; // not in this Node.js, or not permitted
  } finally {
    node.noDeprecation = noDeprecation ?? false;
  }
}

/** Returns whether a socket writes to its handle without a request. */
function writesWithoutRequest(): boolean {
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
