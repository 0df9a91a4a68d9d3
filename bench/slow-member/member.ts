import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from '../../test/conformance/client-frames.ts';
import { upgradeRequest } from '../../test/end-to-end/raw-client.ts';

/** A member of the room that times what it gets: every message begins with when it was sent. */
export class Member {
  readonly socket: Socket;
  /** Milliseconds from sending to reading, of every message. */
  readonly latencies: number[] = [];
  /** What the server has said of members that are behind: 'state lost'. */
  readonly reports: string[] = [];
  isClosed = false;
  #left: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {}); // 'close' follows
  }

  static async open(port: number, path: string): Promise<Member> {
    const socket = connect(port, '127.0.0.1');
    const member = new Member(socket);
    socket.write(upgradeRequest(path));
    const [head] = (await once(socket, 'data')) as [Buffer];
    if (!head.toString().startsWith('HTTP/1.1 101 ')) throw new Error(head.toString());
    socket.on('data', (chunk: Buffer) => member.#read(chunk));
    return member;
  }

  /** Says something to the room: when, and so many bytes. */
  say(bytes: number): void {
    this.socket.write(text(`${performance.now().toFixed(3)} `.padEnd(bytes)));
  }

  /** Says so many bytes to those who stall. */
  sayToStalled(bytes: number): void {
    this.socket.write(text('!'.padEnd(bytes)));
  }

  async close(): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }

  #read(chunk: Buffer): void {
    let bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    while (bytes.length >= 4) {
      const code = bytes[1] as number;
      const start = code < 126 ? 2 : code === 126 ? 4 : 10;
      if (bytes.length < start) break;
      let length = code;
      if (code === 126) length = bytes.readUInt16BE(2);
      if (code === 127) length = Number(bytes.readBigUInt64BE(2));
      if (bytes.length < start + length) break;
      this.#take(bytes, start, length);
      bytes = bytes.subarray(start + length);
    }
    this.#left = bytes;
  }

  #take(bytes: Buffer, start: number, length: number): void {
    const mark = bytes[start];
    if (bytes[0] === 0x88) this.isClosed = true;
    else if (mark === 0x23) this.reports.push(bytes.toString('latin1', start + 1, start + length));
    else if (mark !== 0x21) {
      const sentAt = Number.parseFloat(bytes.toString('latin1', start, start + 24));
      this.latencies.push(performance.now() - sentAt);
    }
  }
}
