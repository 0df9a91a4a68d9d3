import { buildFrame } from '../../src/shared/codec/frame.ts';
import { type Batch, FanOut, type Receiver } from '../../src/workers/deliver/fan-out.ts';
import { PAYLOAD, type Step } from './step.ts';

const MEMBERS = 500;

/** Instead of writing it takes the bytes. */
class Member implements Receiver {
  readonly number: number;
  readonly deflateBits = 0;
  batch: Batch | undefined;
  awaitsFlush = false;
  taken: Buffer | undefined;

  constructor(number: number) {
    this.number = number;
  }

  admits(): boolean {
    return true;
  }

  flush(): void {
    this.taken = this.batch?.joined;
    this.batch = undefined;
  }
}

function members(): Member[] {
  return Array.from({ length: MEMBERS }, (_, i) => new Member(i + 1));
}

function broadcast(messages: number): Step {
  const room = members();
  const fanOut = new FanOut(() => {});
  const frame = buildFrame(PAYLOAD);
  return {
    name: `batching: ${messages} of a tick to ${MEMBERS}, each delivery`,
    each: messages * MEMBERS,
    run: () => {
      for (let i = 0; i < messages; i++) fanOut.publish(room, 0, frame, '');
      fanOut.flush();
    },
  };
}

function answers(): Step {
  const room = members();
  const fanOut = new FanOut(() => {});
  const frame = buildFrame(PAYLOAD);
  return {
    name: `batching: one of its own to each of ${MEMBERS}`,
    each: MEMBERS,
    run: () => {
      for (const member of room) fanOut.send(member, frame);
      fanOut.flush();
    },
  };
}

/** From a message to one write for each socket, without the write. */
export const batchingSteps: readonly Step[] = [broadcast(1), broadcast(32), answers()];
