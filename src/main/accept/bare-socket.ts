import { Socket } from 'node:net';
import type { AcceptedHandle } from './bare-parser.ts';

/**
 * A TCP connection by its handle alone, behind whose upgrade nothing is read any more. It has as
 * much of a `net.Socket` as it takes to decide on the upgrade and to move to a shard.
 */
export class BareSocket {
  /** Named as in the sockets of Node.js; null: it has moved, become a stream or been closed. */
  _handle: AcceptedHandle | null;
  readonly #onGone: (socket: BareSocket) => void;

  /** @param onGone is called when the connection has moved or is closed */
  constructor(handle: AcceptedHandle, onGone: (socket: BareSocket) => void) {
    this._handle = handle;
    this.#onGone = onGone;
  }

  get destroyed(): boolean {
    return this._handle === null;
  }

  /** Undefined where it has gone already. */
  get remoteAddress(): string | undefined {
    const address: { address?: string } = {};
    this._handle?.getpeername(address);
    return address.address;
  }

  /** Returns nothing: the bytes that have been read go beside it. */
  read(): null {
    return null;
  }

  destroy(): void {
    this._handle?.close();
    this._handle = null;
    this.#onGone(this);
  }

  /** Makes a stream of it, which owns the handle from now on. */
  toStream(): Socket {
    const options: object = { handle: this._handle };
    const stream = new Socket(options);
    this._handle = null;
    stream.on('error', () => {}); // the client may go at any time: no one is left to tell
    stream.once('close', () => this.#onGone(this));
    return stream;
  }
}
