import type { TransportOwner } from '../../../src/workers/write/transport.ts';

/** What happens to a transport, in words. */
export class RecordingOwner implements TransportOwner {
  readonly log: string[] = [];
  #changed = Promise.withResolvers<void>();

  read(chunk: Buffer): void {
    this.#add(`read ${chunk.toString('latin1')}`);
  }

  socketEnded(): void {
    this.#add('ended');
  }

  socketClosed(): void {
    this.#add('closed');
  }

  /** Resolves when something has happened, whether it has already or not. */
  async until(what: string): Promise<void> {
    while (!this.log.includes(what)) await this.#changed.promise;
  }

  #add(what: string): void {
    this.log.push(what);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
