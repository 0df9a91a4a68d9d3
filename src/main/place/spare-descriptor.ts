import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** Errors that say that descriptors have run out: of the process, of the system. */
const RUN_OUT = new Set<unknown>(['EMFILE', 'ENFILE']);

/**
 * A descriptor that is kept back for moving sockets. Node.js duplicates the descriptor of a handle
 * that moves. Where there is none for that, the message that carries the handle never arrives, and
 * no error says so.
 */
export class SpareDescriptor {
  readonly #open: () => number;
  readonly #close: (descriptor: number) => void;
  #spare: number | undefined;
  /** False where the permission model forbids it: then nothing is kept back. */
  #isPossible = true;

  /** @param open opens any file; throws as `openSync` does */
  constructor(
    open = () => openSync(devNull, 'r'),
    close: (descriptor: number) => void = closeSync,
  ) {
    this.#open = open;
    this.#close = close;
  }

  /**
   * Frees the descriptor: one handle after the other may move until {@link SpareDescriptor.keep}.
   * @returns false if descriptors have run out, so that a handle that moved would be lost
   */
  lend(): boolean {
    this.keep();
    if (this.#spare === undefined) return !this.#isPossible;
    this.release();
    return true;
  }

  /** Keeps one back again, where there is one. */
  keep(): void {
    if (this.#spare !== undefined || !this.#isPossible) return;
    try {
      this.#spare = this.#open();
    } catch (error) {
      this.#isPossible = RUN_OUT.has((error as NodeJS.ErrnoException).code);
    }
  }

  /** Keeps nothing back. */
  release(): void {
    if (this.#spare !== undefined) this.#close(this.#spare);
    this.#spare = undefined;
  }
}
