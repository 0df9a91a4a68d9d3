import { text } from './client-frames.ts';

/** One case: bytes that a client sends, and all that a strict RFC 6455 server makes of them. */
export interface FrameCase {
  /** Which behaviour it shows. */
  readonly title: string;
  /** All that the client sends behind the handshake. */
  readonly sends: Buffer;
  /**
   * In order: `text …`, `binary <hex>`, `ping <hex>`, `pong <hex>`, `close <code> <reason>` for a
   * close frame of the client, `violation <close code>` where the server closes. What comes behind
   * one of the last two is ignored.
   */
  readonly expect: readonly string[];
}

/** The limits that the cases count on; sizes in bytes. */
export const CASE_LIMITS = { maxMessageSize: 70_000, maxFragments: 16 } as const;

/** A case that a server takes; `expect` is all of it. */
export function reads(title: string, sends: Buffer | Buffer[], ...expect: string[]): FrameCase {
  return { title: `reads ${title}`, sends: Buffer.concat([sends].flat()), expect };
}

/** A case that a server closes, and takes nothing of. */
export function refuses(closeCode: number, title: string, ...sends: Buffer[]): FrameCase {
  const expect = [`violation ${closeCode}`];
  return { title: `refuses ${title}`, sends: Buffer.concat(sends), expect };
}

/** A case that a server closes behind one text message, `ok`. */
export function refusesThen(closeCode: number, title: string, ...sends: Buffer[]): FrameCase {
  const expect = ['text ok', `violation ${closeCode}`];
  return {
    title: `reads a text, and refuses ${title}`,
    sends: Buffer.concat([text('ok'), ...sends]),
    expect,
  };
}
