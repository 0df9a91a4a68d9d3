import { AsyncLocalStorage, type AsyncResource } from 'node:async_hooks';
import { PRIMARY } from '../../shared/messages/control-messages.ts';
import { RecordView } from '../../shared/messages/record-view.ts';
import { RecordKind } from '../../shared/messages/records.ts';
import { ThreadLoad } from '../../shared/observe/thread-load.ts';
import type { ResolvedEngineOptions } from '../../shared/options/engine-options.ts';
import { Doorbell } from '../../shared/ring/doorbell.ts';
import { Mailbox, type MailboxLink } from '../../shared/ring/mailbox.ts';
import { type RoutedRecord, TickLoop } from '../../shared/ring/tick-loop.ts';
import type { Peers } from '../../shared/spread/peers.ts';
import { InterestMap } from '../../shared/tables/interest-table.ts';
import { CountsMap } from '../../shared/tables/room-counts.ts';
import { Conditions } from '../../shared/time/conditions.ts';
import type { ShardHost } from './shard-host.ts';

/** The primary's side of the data plane: its mailbox, and the shards as its peers. */
export class PrimaryMailbox implements Peers {
  readonly self = PRIMARY;
  readonly interest = new InterestMap();
  readonly counts = new CountsMap();
  readonly doorbell = Doorbell.allocate();
  /** How busy the primary is. */
  readonly load: ThreadLoad;
  readonly #mailbox: Mailbox;
  readonly #ticks: TickLoop;
  readonly #record = new RecordView();
  readonly #flushing = new Conditions();
  readonly #inside = new AsyncLocalStorage<true>();

  /** @param onRecord gets each record of a server, which is only valid during the call */
  constructor(
    { maxOutboxBytes, sampleInterval }: ResolvedEngineOptions,
    onRecord: (record: RecordView) => void,
    onError: (error: unknown) => void,
  ) {
    this.#mailbox = new Mailbox({
      doorbell: this.doorbell,
      maxOutboxBytes,
      onRecord: (bytes, start, end, from) => {
        const record = this.#record.at(bytes, start, end, from);
        if (record.kind === RecordKind.PROBE) this.load.receive(record);
        else onRecord(record);
      },
      onWake: () => this.#ticks.schedule(),
      onDrained: () => this.#flushing.recheck(),
      onError,
    });
    this.#ticks = this.#inside.run(true, () => new TickLoop(this.#mailbox, () => {}));
    this.load = new ThreadLoad(this.#mailbox, this.#ticks, sampleInterval);
  }

  /** The asynchronous context in which records of shards are handled. */
  get context(): AsyncResource {
    return this.#ticks.context;
  }

  /** Whether the code that asks is a handler, or has been called by one, at once or later. */
  get isCaller(): boolean {
    return this.#inside.getStore() === true;
  }

  /** Begins to read records of shards. */
  start(): void {
    this.#ticks.schedule();
  }

  connect({ number, interest, counts }: ShardHost, link: MailboxLink): void {
    this.#mailbox.connect(number, link);
    this.interest.set(number, interest);
    this.counts.set(number, counts);
  }

  /** Reads all that a shard has committed, then forgets the shard. */
  disconnect(shard: number): void {
    this.#mailbox.disconnect(shard);
    this.interest.delete(shard);
    this.counts.delete(shard);
  }

  send(records: readonly RoutedRecord[]): void {
    this.#ticks.send(records);
  }

  sendAlways(shard: number, record: Buffer): void {
    this.#ticks.sendAlways(shard, record);
  }

  /** Reads the records that are there; resolves when all that were sent are in the shards' rings. */
  flushed(): Promise<void> {
    this.#mailbox.drain();
    return this.#flushing.until(() => this.#mailbox.isFlushed);
  }

  close(): void {
    this.#ticks.stop();
    this.#mailbox.close();
  }
}
