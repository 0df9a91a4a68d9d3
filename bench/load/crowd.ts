import { buildClientFrame } from '../../src/load/client-frame.ts';
import { LoadConnection } from '../../src/load/load-connection.ts';
import { type LoadTarget, parseTarget } from '../../src/load/load-target.ts';
import { openMany } from '../../src/load/opening.ts';
import { findStamp } from '../../src/load/stamp.ts';
import { OPCODES } from '../../src/shared/codec/frame.ts';
import { DIALECTS, type Dialect } from './dialect.ts';
import type { Job } from './job.ts';

const UNDER_WAY = 64;

/** Told of a message that carries a stamp, which begins at `stamp`. */
export type OnDelivery = (connection: LoadConnection, bytes: Buffer, stamp: number) => void;

/** The connections of one driver: opens them, and speaks the server's dialect. */
export class Crowd {
  readonly dialect: Dialect;
  readonly connections: LoadConnection[] = [];
  readonly #job: Job;
  readonly #onDelivery: OnDelivery;
  readonly #ready = new Map<LoadConnection, () => void>();

  constructor(job: Job, onDelivery: OnDelivery) {
    this.#job = job;
    this.dialect = DIALECTS[job.dialect];
    this.#onDelivery = onDelivery;
  }

  /**
   * Opens connections and resolves when the server has accepted all of them.
   * @param roomOf the room of each; undefined: the one that all are in
   */
  async open(
    count: number,
    roomOf: (index: number) => number | undefined = () => undefined,
  ): Promise<void> {
    await openMany(count, { underWay: UNDER_WAY, perSecond: 0 }, async (index) => {
      this.connections[index] = await this.#openOne(index, this.#target(roomOf(index)));
    });
  }

  /** Closes all of them in good order. */
  async close(): Promise<void> {
    const { connections } = this;
    await openMany(connections.length, { underWay: UNDER_WAY, perSecond: 0 }, (index) =>
      (connections[index] as LoadConnection).close(),
    );
    connections.length = 0;
  }

  #target(room: number | undefined): LoadTarget {
    return parseTarget(`ws://127.0.0.1:${this.#job.port}${this.dialect.path(room)}`);
  }

  async #openOne(index: number, target: LoadTarget): Promise<LoadConnection> {
    const ready = Promise.withResolvers<void>();
    const connection = new LoadConnection(target, index, {
      onMessage: (from, bytes, start, end) => {
        const stamp = findStamp(bytes, start, end);
        if (stamp >= 0) this.#onDelivery(from, bytes, stamp);
        else this.#control(from, bytes.toString('latin1', start, end));
      },
      onLost: (lost, reason) => fail(`connection ${lost.index}: ${reason}`),
    });
    this.#ready.set(connection, ready.resolve);
    await connection.opened;
    if (!this.dialect.readyAtOpen) await ready.promise;
    this.#ready.delete(connection);
    return connection;
  }

  #control(connection: LoadConnection, text: string): void {
    const { answer, ready } = this.dialect.control(text);
    if (answer !== undefined) {
      connection.send(buildClientFrame(OPCODES.TEXT, Buffer.from(answer)));
    }
    if (ready) this.#ready.get(connection)?.();
  }
}

/** A server that drops a connection spoils the run. */
function fail(reason: string): never {
  throw new Error(reason);
}
