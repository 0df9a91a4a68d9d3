import type { Duplex } from 'node:stream';
import { queueMicrotask } from '../../shared/time/timers.ts';
import { Transport } from './transport.ts';

const TRANSPORT = Symbol('transport');

/** A socket that knows the {@link StreamTransport} around it. */
interface OwnedSocket extends Duplex {
  [TRANSPORT]: StreamTransport;
}

/** A stream that says how many bytes its client has taken, as sockets with a handle need not. */
interface Counting {
  readonly takenBytes?: number;
}

/** The part of a stream's handle that is used here. */
interface StreamHandle {
  /** Bytes of all writes, and of these the bytes that the kernel has not taken. */
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
  readonly bytesRead: number;
  /** The handle of the TCP connection, below TLS. */
  readonly _parent?: StreamHandle;
}

/** A transport over a stream: TLS, and TCP where the handle below cannot be used by itself. */
export class StreamTransport extends Transport {
  readonly #socket: Duplex;
  #isPaused = true;
  /** Whether the client has ended its side, and the owner does not know yet. */
  #owesEnd: boolean;

  /** @param socket paused; reads with {@link onRead} or emits 'data'. It may have ended before */
  constructor(socket: Duplex, counters: { sentBytes: number }) {
    super(counters);
    this.#socket = socket;
    this.#owesEnd = socket.readableEnded; // while nobody listened
    (socket as OwnedSocket)[TRANSPORT] = this;
    socket.on('error', ignore); // 'close' follows
    socket.on('end', onEnd);
    socket.on('close', onClose);
  }

  override get takenBytes(): number {
    const { takenBytes } = this.#socket as Duplex & Counting;
    if (takenBytes !== undefined) return takenBytes;
    const below = this.#handle?._parent ?? this.#handle;
    // A stream in JavaScript, such as one below TLS, does not say: then writes count that are over.
    if (typeof below?.writeQueueSize !== 'number') return this.sentBytes;
    return below.bytesWritten - below.writeQueueSize;
  }

  /** Bytes of TLS: a record that is not whole is no content yet. */
  override get arrivedBytes(): number {
    return this.#handle?._parent?.bytesRead ?? 0;
  }

  get #handle(): StreamHandle | null | undefined {
    return (this.#socket as Duplex & { readonly _handle?: StreamHandle | null })._handle;
  }

  override pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  override resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
    // Later: the owner goes on with bytes that it has kept, which came before the end.
    if (this.#owesEnd) queueMicrotask(() => this.#tellEnd());
  }

  /** Notes the end of the client's side: TLS finds it even while it is paused. */
  hasEnded(): void {
    this.#owesEnd = true;
    this.#tellEnd();
  }

  #tellEnd(): void {
    if (!this.#owesEnd || this.#isPaused || this.isDestroyed) return;
    this.#owesEnd = false;
    this.owner?.socketEnded();
  }

  protected override begin(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    let isOver = false;
    socket.write(bytes, (error) => {
      if (!isOver && !error) this.went();
    });
    isOver = socket.writableLength === 0;
    return isOver;
  }

  protected override finish(): void {
    this.#socket.end();
  }

  protected override close(): void {
    this.#socket.destroy();
  }
}

/** Takes bytes that a socket has read into a buffer of the server's: the callback of `onread`. */
export function onRead(this: unknown, bytes: number, buffer: Uint8Array): boolean {
  (this as OwnedSocket)[TRANSPORT].owner?.read((buffer as Buffer).subarray(0, bytes));
  return true;
}

/** Takes bytes that a socket has read: a listener of 'data'. */
export function onData(this: unknown, chunk: Buffer): void {
  (this as OwnedSocket)[TRANSPORT].owner?.read(chunk);
}

function onEnd(this: OwnedSocket): void {
  this[TRANSPORT].hasEnded();
}

function onClose(this: OwnedSocket): void {
  this[TRANSPORT].closed();
}

function ignore(): void {}
