import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { FromShard, ShardStart, ToShard } from '../shared/control-messages.ts';
import type { Placeable } from './placement.ts';

/** Starts a shard's task; the promise settles when the task has ended. */
export type RunShard = (start: ShardStart, port: MessagePort) => Promise<void>;

/** One shard as the primary sees it: its task, its port, its connections. */
export class ShardHost implements Placeable {
  readonly number: number;
  readonly doorbell: ShardStart['doorbell'];
  readonly interest: ShardStart['interest'];
  readonly port: MessagePort;
  /** Settles when the shard's task has ended; rejects where it died. */
  readonly finished: Promise<void>;
  connections = 0;
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
    this.port = port1;
    this.port.on('message', onMessage);
    this.finished = run({ ...start, port: port2 }, port2).finally(() => port1.close());
  }

  post(message: ToShard): void {
    this.port.postMessage(message);
  }
}
