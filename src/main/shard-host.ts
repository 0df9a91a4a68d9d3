import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { FromShard, ShardStart, ToShard } from '../shared/control-messages.ts';
import { Handoff } from './handoff.ts';
import type { Placeable } from './placement.ts';

/** Starts a shard's task; the promise settles when the task has ended. */
export type RunShard = (start: ShardStart, port: MessagePort) => Promise<void>;

/** One shard as the primary sees it: its task, its port, its connections. */
export class ShardHost implements Placeable {
  readonly number: number;
  readonly doorbell: ShardStart['doorbell'];
  readonly interest: ShardStart['interest'];
  readonly handoff: Handoff;
  readonly #port: MessagePort;
  /** Milliseconds, monotonic. */
  readonly startedAt: number;
  /** Settles when the shard's task has ended; rejects where it died. */
  readonly finished: Promise<void>;
  connections = 0;
  /** Resolves when the shard has first said something; rejects where it died before. */
  readonly up: Promise<void>;
  /** Shards that do not send to this one yet: what they emit would miss its connections. */
  readonly unconnected = new Set<number>();

  constructor(
    run: RunShard,
    start: Omit<ShardStart, 'port'>,
    onMessage: (message: FromShard) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.number = start.shard;
    this.doorbell = start.doorbell;
    this.interest = start.interest;
    this.#port = port1;
    this.handoff = new Handoff(port1);
    this.startedAt = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.up = promise;
    this.#port.once('message', () => resolve());
    this.#port.on('message', onMessage);
    this.finished = run({ ...start, port: port2 }, port2).finally(() => {
      // The task's end may be known before the last of what the shard has said.
      for (let last = receiveMessageOnPort(port1); last; last = receiveMessageOnPort(port1)) {
        onMessage(last.message as FromShard);
      }
      port1.close();
    });
    this.finished.then(resolve, reject);
    this.up.catch(() => {}); // `finished` tells it too
  }

  post(message: ToShard): void {
    this.handoff.flush(); // what was accepted before this goes ahead of it
    this.#port.postMessage(message);
  }
}
