import { Transport } from '../../../src/workers/write/transport.ts';

/**
 * A transport whose peer is the test. What is written is over at once, unless the peer is
 * `stalled`: then it reads when it is told to.
 */
export class TestTransport extends Transport {
  /** What is done to it, in words, without what is read. */
  readonly log: string[];
  stalled = false;
  /** What the peer has been sent. */
  received = '';
  #begun: Buffer | undefined;

  constructor(log: string[] = []) {
    super({ sentBytes: 0 });
    this.log = log;
  }

  /** The peer reads what has been written, or so many writes of it. */
  drain(writes = Number.POSITIVE_INFINITY): void {
    for (let left = writes; left > 0 && this.#begun !== undefined; left--) {
      const begun = this.#begun;
      this.#begun = undefined;
      this.received += begun.toString('latin1');
      this.went();
    }
  }

  /** So many bytes are on their way from now on. */
  stall(bytes: number): void {
    this.stalled = true;
    this.write(Buffer.alloc(bytes));
  }

  override pause(): void {
    this.log.push('pause');
  }

  override resume(): void {
    this.log.push('resume');
  }

  protected override begin(bytes: Buffer): boolean {
    if (this.stalled) {
      this.#begun = bytes;
      return false;
    }
    this.log.push(`write ${bytes.toString('latin1')}`);
    return true;
  }

  protected override finish(): void {
    this.log.push('end');
  }

  protected override close(): void {
    this.log.push('destroy');
  }
}
