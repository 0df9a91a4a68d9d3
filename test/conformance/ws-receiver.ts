import type { Writable } from 'node:stream';
import * as ws from 'ws';

interface ReceiverOptions {
  /** True to read a client's frames, false to read a server's. */
  isServer: boolean;
  /** Bytes that a message may have. */
  maxPayload?: number;
}

// Exported by ws, but missing in its types.
const { Receiver } = ws as unknown as { Receiver: new (options: ReceiverOptions) => Writable };

/** What ws makes of these bytes, in the notation of frame-case.ts, without violations. */
export function outcomesOfWs(options: ReceiverOptions, bytes: Uint8Array): string[] {
  const outcomes: string[] = [];
  const receiver = new Receiver(options);
  receiver.on('error', () => {});
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    outcomes.push(isBinary ? `binary ${data.toString('hex')}` : `text ${data}`);
  });
  receiver.on('ping', (data: Buffer) => outcomes.push(`ping ${data.toString('hex')}`));
  receiver.on('pong', (data: Buffer) => outcomes.push(`pong ${data.toString('hex')}`));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    outcomes.push(`close ${code} ${reason}`);
  });
  receiver.write(Buffer.from(bytes)); // a copy: it unmasks in place
  return outcomes;
}
