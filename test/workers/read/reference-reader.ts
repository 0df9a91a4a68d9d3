import type { FrameLimits } from '../../../src/workers/read/message-limits.ts';

class End {
  readonly outcome: string | undefined;

  constructor(outcome?: string) {
    this.outcome = outcome;
  }
}

/**
 * An obvious, slow reader of a client's frames: one byte after the other, top to bottom, as RFC
 * 6455 §5 tells it. What it returns is in the notation of test/conformance/frame-case.ts.
 */
export function referenceOutcomes(limits: FrameLimits, bytes: Uint8Array): string[] {
  const outcomes: string[] = [];
  try {
    readMessages(limits, bytes.values(), outcomes);
  } catch (end) {
    if (!(end instanceof End)) throw end;
    if (end.outcome !== undefined) outcomes.push(end.outcome);
  }
  return outcomes;
}

function refuseIf(isWrong: boolean, closeCode: number): void {
  if (isWrong) throw new End(`violation ${closeCode}`);
}

function readMessages(limits: FrameLimits, source: Iterator<number>, outcomes: string[]): never {
  let message:
    | { isBinary: boolean; bytes: number[]; frames: number; utf8: TextDecoder }
    | undefined;

  const nextByte = (): number => {
    const { done, value } = source.next();
    if (done) throw new End();
    return value;
  };

  for (;;) {
    const first = nextByte();
    const isFinal = first >= 0x80;
    const opcode = first % 16;
    refuseIf((first & 0b0111_0000) !== 0, 1002);
    refuseIf(![0, 1, 2, 8, 9, 10].includes(opcode), 1002);
    const isControl = opcode >= 8;
    refuseIf(isControl && !isFinal, 1002);
    refuseIf(opcode === 0 && message === undefined, 1002);
    refuseIf((opcode === 1 || opcode === 2) && message !== undefined, 1002);

    const second = nextByte();
    refuseIf(second < 0x80, 1002);
    let length = BigInt(second % 128);
    refuseIf(isControl && length > 125n, 1002);
    if (length >= 126n) {
      const bytesOfLength = length === 126n ? 2 : 8;
      length = 0n;
      for (let i = 0; i < bytesOfLength; i++) length = length * 256n + BigInt(nextByte());
      refuseIf(length >= 2n ** 63n, 1002);
      refuseIf(length < (bytesOfLength === 2 ? 126n : 65_536n), 1002);
    }
    const before = BigInt(message?.bytes.length ?? 0);
    refuseIf(!isControl && before + length > BigInt(limits.maxMessageSize), 1009);
    const mask = [nextByte(), nextByte(), nextByte(), nextByte()];

    if (isControl) {
      const payload: number[] = [];
      while (payload.length < length)
        payload.push(nextByte() ^ (mask[payload.length % 4] as number));
      readControl(opcode, Buffer.from(payload), outcomes);
      continue;
    }

    refuseIf(message !== undefined && message.frames === limits.maxFragments, 1008);
    const utf8 = new TextDecoder('utf-8', { fatal: true });
    message ??= { isBinary: opcode === 2, bytes: [], frames: 0, utf8 };
    message.frames++;
    for (let i = 0; i < length; i++) {
      const byte = nextByte() ^ (mask[i % 4] as number);
      message.bytes.push(byte);
      if (!message.isBinary) decode(message.utf8, Uint8Array.of(byte), true);
    }
    if (!isFinal) continue;
    if (!message.isBinary) decode(message.utf8, new Uint8Array(), false);
    const data = Buffer.from(message.bytes);
    outcomes.push(message.isBinary ? `binary ${data.toString('hex')}` : `text ${data}`);
    message = undefined;
  }
}

function decode(utf8: TextDecoder, bytes: Uint8Array, stream: boolean): string {
  try {
    return utf8.decode(bytes, { stream });
  } catch {
    throw new End('violation 1007');
  }
}

function readControl(opcode: number, payload: Buffer, outcomes: string[]): void {
  if (opcode === 9) outcomes.push(`ping ${payload.toString('hex')}`);
  else if (opcode === 10) outcomes.push(`pong ${payload.toString('hex')}`);
  else if (payload.length === 0) throw new End('close 1005 ');
  else {
    refuseIf(payload.length === 1, 1002);
    const code = payload.readUInt16BE(0);
    const isRegistered = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
    refuseIf(!isRegistered && !(code >= 3000 && code <= 4999), 1002);
    decode(new TextDecoder('utf-8', { fatal: true }), payload.subarray(2), false);
    throw new End(`close ${code} ${payload.subarray(2)}`);
  }
}
