import type { FrameDeflater } from './deflate.ts';

/*
 * The frames of one tick for all sockets are a tree. A node is a sequence of frames; its parent is
 * the sequence without the last one. A socket points at the node of the frames that it gets in this
 * tick, so sockets that get the same sequence are at the same node and share its bytes.
 *
 *                 ┌── [a b] ◀── sockets 1, 2, 3     one Buffer, written three times
 *        [a] ◀────┤
 *                 └── [a c] ◀── socket 4            c was for it alone
 */

const MAX_WINDOW_BITS = 15;

/** A sequence of frames that one or more sockets get in this tick. */
export class Batch {
  /** Bytes of the whole sequence. */
  readonly bytes: number;
  readonly #before: Batch | undefined;
  readonly #frame: Buffer;
  #joined: Buffer | undefined;

  constructor(before: Batch | undefined, frame: Buffer) {
    this.#before = before;
    this.#frame = frame;
    this.bytes = frame.length + (before === undefined ? 0 : before.bytes);
  }

  /** The whole sequence in one piece; joined once for all sockets that are here. */
  get joined(): Buffer {
    if (this.#before === undefined) return this.#frame;
    this.#joined ??= this.#join();
    return this.#joined;
  }

  #join(): Buffer {
    const joined = Buffer.allocUnsafe(this.bytes);
    let end = this.bytes;
    for (let batch: Batch | undefined = this; batch !== undefined; batch = batch.#before) {
      end -= batch.#frame.length;
      joined.set(batch.#frame, end);
    }
    return joined;
  }
}

/** A frame for many sockets: it remembers which node follows which, so that they stay together. */
class SharedFrame {
  readonly frame: Buffer;
  #lastBefore: Batch | undefined;
  #lastBatch: Batch | undefined;
  #batches: Map<Batch | undefined, Batch> | undefined;

  constructor(frame: Buffer) {
    this.frame = frame;
  }

  after(before: Batch | undefined): Batch {
    if (this.#lastBatch !== undefined) {
      if (this.#lastBefore === before) return this.#lastBatch;
      this.#batches ??= new Map();
      this.#batches.set(this.#lastBefore, this.#lastBatch);
    }
    const batch = this.#batches?.get(before) ?? new Batch(before, this.frame);
    this.#lastBefore = before;
    this.#lastBatch = batch;
    return batch;
  }
}

/** One message for many: as it is, and compressed once for each kind of window. */
class SharedForms {
  readonly #plain: SharedFrame;
  readonly #deflater: FrameDeflater;
  readonly #deflated = new Map<number, SharedFrame>();

  constructor(plain: SharedFrame, deflater: FrameDeflater) {
    this.#plain = plain;
    this.#deflater = deflater;
  }

  for(windowBits: number): SharedFrame {
    if (windowBits === 0) return this.#plain;
    const { frame } = this.#plain;
    // Nothing reaches back further than the frame is long: then the largest window serves for all.
    const window = frame.length <= 2 ** windowBits ? MAX_WINDOW_BITS : windowBits;
    let form = this.#deflated.get(window);
    if (form === undefined) {
      const deflated = this.#deflater.deflate(frame, window);
      form = deflated === frame ? this.#plain : new SharedFrame(deflated);
      this.#deflated.set(window, form);
    }
    return form;
  }
}

/** A connection as the fan-out uses it. */
export interface Receiver {
  /** The connection's number. */
  readonly number: number;
  /** The window in which it takes compressed messages, in bits; 0 = it takes none. */
  readonly deflateBits: number;
  /** The frames that it gets in this tick; undefined = none. */
  batch: Batch | undefined;
  /** Whether {@link FanOut.flush} will come to it. */
  awaitsFlush: boolean;
  /**
   * Returns whether a frame may be sent to it.
   * @param room the room whose members get it; '' = everyone
   * @param plain the frame before it was compressed
   */
  admits(frame: Buffer, room: string, plain?: Buffer): boolean;
  /** Writes its batch, and has none any more. */
  flush(): void;
}

/** Collects what a tick has for each socket, and writes it with one write per socket. */
export class FanOut {
  readonly #schedule: () => void;
  #waiting: Receiver[] = [];

  /** @param schedule asks for a tick, at whose end {@link FanOut.flush} is called */
  constructor(schedule: () => void) {
    this.#schedule = schedule;
  }

  /**
   * Sends a frame to each of many sockets, but not to the one whose number is `except`.
   * @param room the room whose members they are; '' = everyone
   * @param deflater of the server, where it compresses
   * @returns how many sockets get it
   */
  publish(
    members: Iterable<Receiver>,
    except: number,
    frame: Buffer,
    room: string,
    deflater?: FrameDeflater,
  ): number {
    const plain = new SharedFrame(frame);
    const forms = deflater?.takes(frame) ? new SharedForms(plain, deflater) : undefined;
    let receivers = 0;
    for (const member of members) {
      if (member.number === except) continue;
      const shared = forms?.for(member.deflateBits) ?? plain;
      if (!member.admits(shared.frame, room, frame)) continue;
      this.#enqueue(member, shared.after(member.batch));
      receivers += 1;
    }
    return receivers;
  }

  /** Sends bytes to one socket, behind whatever this tick has for it already. */
  send(socket: Receiver, bytes: Buffer): void {
    this.#enqueue(socket, new Batch(socket.batch, bytes));
  }

  #enqueue(socket: Receiver, batch: Batch): void {
    socket.batch = batch;
    if (socket.awaitsFlush) return;
    socket.awaitsFlush = true;
    if (this.#waiting.length === 0) this.#schedule();
    this.#waiting.push(socket);
  }

  /** Writes once to each socket that has got something since the last flush. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const socket of waiting) {
      socket.awaitsFlush = false;
      socket.flush();
    }
  }
}
