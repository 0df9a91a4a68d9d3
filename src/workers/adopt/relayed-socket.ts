import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import type { TlsCommand, TlsEvent } from '../../shared/messages/tls-messages.ts';

type Done = (error?: Error | null) => void;

/** Bytes of a write that are on their way at a time: so a large one is seen to move. */
const MOST_ON_THE_WAY = 64 * 2 ** 10;

/** A connection whose socket has stayed on the primary, as a paused stream. */
export class RelayedSocket extends Duplex {
  readonly #port: MessagePort;
  #isPulling = false;
  #onWritten: (() => void) | undefined;
  #takenBytes = 0;

  /** @param port the way to the socket */
  constructor(port: MessagePort) {
    super({ allowHalfOpen: true });
    this.#port = port;
    port.on('message', this.#receive);
    port.on('close', () => this.destroy());
    this.pause();
  }

  /** Bytes that the client's socket has taken. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  override _read(): void {
    if (this.#isPulling) return;
    this.#isPulling = true;
    this.#tell({ do: 'pull' });
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    const part = chunk.subarray(0, MOST_ON_THE_WAY);
    this.#onWritten = () => {
      this.#takenBytes += part.length;
      if (part.length === chunk.length) done();
      else this._write(chunk.subarray(part.length), '', done);
    };
    this.#tell({ do: 'write', bytes: new Uint8Array(part) }); // not the pool that it may be a part of
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  override _final(done: Done): void {
    this.#tell({ do: 'end' });
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#tell({ do: 'destroy' });
    this.#port.close();
    done(error);
  }

  readonly #receive = (event: TlsEvent): void => {
    switch (event.is) {
      case 'data':
        this.#isPulling = false;
        this.push(event.bytes);
        return;
      case 'end':
        this.push(null);
        return;
      case 'written': {
        const done = this.#onWritten;
        this.#onWritten = undefined;
        done?.();
        return;
      }
      case 'closed':
        this.destroy();
    }
  };

  #tell(command: TlsCommand): void {
    this.#port.postMessage(command);
  }
}
