import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import type { RelayCommand, RelayEvent } from '../../shared/relay/relay-messages.ts';
import { type Done, RelayWrites } from '../../shared/relay/relay-writes.ts';

/** Bytes of a write that are on their way at a time: so a large one is seen to move. */
const MOST_ON_THE_WAY = 64 * 2 ** 10;

/** A connection whose socket has stayed on the primary, as a paused stream. */
export class RelayedSocket extends Duplex {
  readonly #port: MessagePort;
  #isPulling = false;
  readonly #writes = new RelayWrites(MOST_ON_THE_WAY, (bytes) =>
    this.#tell({ do: 'write', bytes }),
  );

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
    return this.#writes.takenBytes;
  }

  override _read(): void {
    if (this.#isPulling) return;
    this.#isPulling = true;
    this.#tell({ do: 'pull' });
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#writes.write(chunk, done);
  }

  override _writev(entries: { chunk: Buffer }[], done: Done): void {
    this.#writes.writeAll(entries, done);
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

  readonly #receive = (event: RelayEvent): void => {
    switch (event.is) {
      case 'data':
        this.#isPulling = false;
        this.push(event.bytes);
        return;
      case 'end':
        this.push(null);
        return;
      case 'written':
        this.#writes.written();
        return;
      case 'closed':
        this.destroy();
    }
  };

  #tell(command: RelayCommand): void {
    this.#port.postMessage(command);
  }
}
