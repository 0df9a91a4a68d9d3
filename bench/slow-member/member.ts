import { buildClientFrame } from '../../src/load/client-frame.ts';
import type { Latencies } from '../../src/load/latencies.ts';
import { LoadConnection } from '../../src/load/load-connection.ts';
import { parseTarget } from '../../src/load/load-target.ts';
import { microseconds, readStamp, stampedPayload, writeStamp } from '../../src/load/stamp.ts';
import { OPCODES } from '../../src/shared/codec/frame.ts';

/** A member of the room that times what it gets: every message begins with when it was sent. */
export class Member {
  /** How many messages to the room it has got. */
  received = 0;
  /** What the server has said of members that are behind: 'state lost'. */
  readonly reports: string[] = [];
  isClosed = false;
  readonly #connection: LoadConnection;
  readonly #latencies: Latencies;

  private constructor(url: string, latencies: Latencies) {
    this.#latencies = latencies;
    this.#connection = new LoadConnection(parseTarget(url), 0, {
      onMessage: (_, bytes, start, end) => this.#take(bytes, start, end),
      onLost: () => {
        this.isClosed = true;
      },
    });
  }

  /** @param latencies gets the time from sending to reading, of every message to the room */
  static async open(port: number, path: string, latencies: Latencies): Promise<Member> {
    const member = new Member(`ws://127.0.0.1:${port}${path}`, latencies);
    await member.#connection.opened;
    return member;
  }

  /** Says something to the room: when, and so many bytes. */
  say(bytes: number): void {
    const payload = Buffer.from(stampedPayload(bytes));
    writeStamp(payload, 0, microseconds());
    this.#connection.send(buildClientFrame(OPCODES.TEXT, payload));
  }

  /** Says so many bytes to those who stall. */
  sayToStalled(bytes: number): void {
    this.#connection.send(buildClientFrame(OPCODES.TEXT, Buffer.from('!'.padEnd(bytes))));
  }

  /** Reads nothing more. */
  stall(): void {
    this.#connection.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#connection.resume();
  }

  async close(): Promise<void> {
    this.#connection.destroy();
    await this.#connection.ended;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const mark = bytes[start];
    if (mark === 0x23) {
      this.reports.push(bytes.toString('latin1', start + 1, end)); // '#'
    } else if (mark !== 0x21) {
      this.received += 1; // '!' was for those who stall
      this.#latencies.record(microseconds() - readStamp(bytes, start));
    }
  }
}
