import { type EngineError, handlerError, serializeError } from '../../shared/api/errors.ts';
import {
  type DrainTimes,
  type FromShard,
  PRIMARY,
  type ShardStart,
  type ToShard,
  type Upgrade,
} from '../../shared/messages/control-messages.ts';
import { RecordView } from '../../shared/messages/record-view.ts';
import { RepeatedErrors } from '../../shared/observe/repeated-errors.ts';
import { ThreadLoad } from '../../shared/observe/thread-load.ts';
import { Doorbell } from '../../shared/ring/doorbell.ts';
import { Mailbox } from '../../shared/ring/mailbox.ts';
import { TickLoop } from '../../shared/ring/tick-loop.ts';
import type { Peers } from '../../shared/spread/peers.ts';
import { InterestMap, InterestTable } from '../../shared/tables/interest-table.ts';
import { CountsMap, RoomCounts } from '../../shared/tables/room-counts.ts';
import { Conditions } from '../../shared/time/conditions.ts';
import { settledWithin } from '../../shared/time/settled-within.ts';
import { WaitingLine } from '../../shared/time/waiting-line.ts';
import { movedSocket, reserveDescriptor } from '../adopt/moved-socket.ts';
import { RelayedSocket } from '../adopt/relayed-socket.ts';
import { TlsSockets } from '../adopt/tls-sockets.ts';
import { ModuleDispatch, PrimaryDispatch } from '../connection/dispatch.ts';
import { PrimaryBacklog } from '../connection/primary-backlog.ts';
import { FanOut } from '../deliver/fan-out.ts';
import { receiveRecord } from '../deliver/receive-record.ts';
import type { ShardServer } from '../deliver/shard-server.ts';
import { ReadTurns } from '../read/read-turns.ts';
import { Coalescing } from './coalescing.ts';
import type { ShardContext } from './shard-context.ts';
import { ShardServers } from './shard-servers.ts';
import { takeSnapshot } from './shard-snapshot.ts';

/**
 * Milliseconds of a turn for the ends of connections in many rooms. To leave a thousand rooms takes
 * about one of them, and many clients may go at once.
 */
const PARTING_MS = 4;

/** Runs a shard until the primary tells it to stop: the task of one worker thread. */
export function runShard(start: ShardStart): Promise<void> {
  return new Shard(start).finished;
}

class Shard implements ShardContext {
  readonly number: number;
  readonly handshakeTimeout: number;
  readonly fanOut: FanOut;
  readonly interest: InterestTable;
  readonly counts: RoomCounts;
  readonly peers: Peers;
  readonly #siblingCounts = new CountsMap();
  readonly #record = new RecordView();
  readonly finished: Promise<void>;
  readonly #finish: () => void;
  readonly #port: ShardStart['port'];
  readonly #mailbox: Mailbox;
  readonly #ticks: TickLoop;
  readonly load: ThreadLoad;
  readonly coalescing = new Coalescing();
  readonly reads: ReadTurns;
  readonly partings: WaitingLine<() => void>;
  readonly #servers: ShardServers;
  readonly #errors = new RepeatedErrors((error) =>
    this.tell({ type: 'error', error: serializeError(error) }),
  );
  readonly #tls = new TlsSockets((stream, event) => this.tell({ type: 'tls', stream, event }));
  readonly #backlog: PrimaryBacklog;
  /** Messages with sockets that have come, and that the primary has not been told of. */
  readonly #arrived: number[] = [];
  /** Waits for rings to have taken all records. */
  readonly #flushing = new Conditions();

  constructor(start: ShardStart) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
    this.number = start.shard;
    this.handshakeTimeout = start.handshakeTimeout;
    this.#servers = new ShardServers(this, start.handshakeTimeout, (module) =>
      module === undefined
        ? new PrimaryDispatch(this.#ticks, this.#backlog)
        : new ModuleDispatch(module, this.#ticks.context),
    );
    this.peers = {
      self: start.shard,
      interest: new InterestMap(),
      counts: { sum: (server, codecs, room) => this.#count(server, codecs, room) },
      send: (records) => this.#ticks.send(records),
      sendAlways: (peer, record) => this.#ticks.sendAlways(peer, record),
    };
    this.interest = new InterestTable(start.interest);
    this.counts = new RoomCounts(start.counts);
    this.#port = start.port;
    this.#mailbox = new Mailbox({
      doorbell: start.doorbell,
      maxOutboxBytes: start.maxOutboxBytes,
      onRecord: (bytes, start, end, from) =>
        receiveRecord(this, this.#servers.loaded, this.#record.at(bytes, start, end, from)),
      onWake: () => this.#ticks.schedule(),
      onDrained: () => this.#drained(),
      onRead: () => this.#backlog.recheck(),
      onError: (thrown) => this.report(handlerError(`shard ${this.number}`, thrown)),
    });
    this.#backlog = new PrimaryBacklog(this.#mailbox);
    const doorbell = new Doorbell(start.doorbell);
    // A long turn that reads is no standstill: the watchdog sees it go on.
    const schedule = () => this.#ticks.schedule();
    const beat = () => doorbell.beat();
    this.reads = new ReadTurns(schedule, beat);
    this.partings = new WaitingLine(PARTING_MS, schedule, (end) => {
      beat();
      end();
    });
    this.fanOut = new FanOut(() => this.#ticks.schedule());
    const rest = () => this.#rest(start.ownsThread);
    this.#ticks = new TickLoop(this.#mailbox, () => this.fanOut.flush(), rest);
    this.load = new ThreadLoad(this.#mailbox, this.#ticks, start.sampleInterval);
    this.load.start();
    this.#port.on('message', (message: ToShard) => this.#receive(message));
    reserveDescriptor();
    this.#ticks.schedule();
  }

  /** The connections in a room, here and in the other shards. */
  #count(server: number, codecs: number, room: string): number {
    let count = this.#siblingCounts.sum(server, codecs, room);
    for (let codec = 0; codec < codecs; codec++) count += this.counts.get(server, codec, room);
    return count;
  }

  tell(message: FromShard): void {
    this.#port.postMessage(message);
  }

  #receive(message: ToShard): void {
    switch (message.type) {
      case 'connect-peer':
        this.#connect(message);
        return;
      case 'disconnect-peer':
        this.peers.interest.delete(message.peer);
        this.#siblingCounts.delete(message.peer);
        this.#mailbox.disconnect(message.peer);
        for (const server of this.#servers.loaded.values()) server.spread.peerDied(message.peer);
        return;
      case 'add-server':
        this.#servers.add(message.server, message.options);
        return;
      case 'adopt':
        this.#adopt(message);
        return;
      case 'adopt-relayed':
        this.#adoptRelayed(message);
        return;
      case 'set-tls':
        this.#tls.setTls(message.listener, message.tls);
        return;
      case 'adopt-tls':
        this.#arrived.push(message.handoff);
        this.#tls.adopt(message.arrivals, message.handles);
        return;
      case 'confirm-handoffs':
        this.tell({ type: 'arrived', handoffs: this.#arrived.splice(0) });
        return;
      case 'tls':
        if (message.command.do === 'enter') this.#enter(message.stream, message.command.upgrade);
        else this.#tls.carryOut(message.stream, message.command);
        return;
      case 'remove-server':
        void this.#removeServer(message.server, message);
        return;
      case 'token-renewed':
        this.#servers.loaded.get(message.server)?.renewals.renewed(message);
        return;
      case 'flush':
        void this.#flush();
        return;
      case 'check-alive':
        this.tell({ type: 'alive' });
        return;
      case 'take-snapshot':
        this.tell(takeSnapshot(message, this.#servers.loaded.values(), this.load.stats()));
        return;
      case 'stop':
        void this.#stop(message);
    }
  }

  #connect({ peer, link, interest, counts }: Extract<ToShard, { type: 'connect-peer' }>): void {
    this.#mailbox.connect(peer, link);
    if (interest !== undefined) this.peers.interest.set(peer, interest);
    if (counts !== undefined) this.#siblingCounts.set(peer, counts);
    this.#ticks.schedule(); // it may have sent something already
    this.tell({ type: 'peer-connected', peer });
  }

  #adopt({ handoff, upgrades, handles }: Extract<ToShard, { type: 'adopt' }>): void {
    this.#arrived.push(handoff);
    for (const [at, upgrade] of upgrades.entries()) {
      const handle = handles[at] as object;
      const take = (server: ShardServer) => server.adopt(handle, upgrade);
      this.#servers.whenReady(upgrade, take, () => movedSocket(handle));
    }
  }

  #adoptRelayed({ upgrade, port }: Extract<ToShard, { type: 'adopt-relayed' }>): void {
    const socket = new RelayedSocket(port);
    const take = (server: ShardServer) => server.enter(socket, upgrade);
    this.#servers.whenReady(upgrade, take, () => socket);
  }

  /** Takes a TLS connection that has been let in; it may be gone. */
  #enter(stream: number, upgrade: Upgrade): void {
    const { server, connection } = upgrade;
    const socket = this.#tls.release(stream);
    const take = (entered: ShardServer) => {
      if (socket === undefined || socket.destroyed) {
        this.tell({ type: 'refused', server, connection });
      } else entered.enter(socket, upgrade);
    };
    this.#servers.whenReady(upgrade, take, () => socket);
  }

  async #flush(): Promise<void> {
    await this.#flushing.until(() => this.#mailbox.isFlushed);
    this.tell({ type: 'flushed' });
  }

  async #removeServer(number: number, times: DrainTimes): Promise<void> {
    this.#mailbox.drain(); // earlier records are for connections that are still open
    await this.#servers.close(number, times);
    this.tell({ type: 'server-removed', server: number });
  }

  async #stop(times: DrainTimes): Promise<void> {
    this.#mailbox.drain();
    const deadline = performance.now() + times.timeoutMs;
    await this.#servers.closeAll(times);
    await this.#tls.close(deadline - performance.now());
    const primaryHasAll = this.#flushing.until(() => !this.#mailbox.isCongested(PRIMARY));
    await settledWithin(primaryHasAll, deadline - performance.now());
    this.#errors.flush();
    this.load.stop();
    this.#ticks.stop();
    this.#mailbox.close();
    this.#port.close();
    this.#finish();
  }

  #drained(): void {
    this.#flushing.recheck();
    this.#backlog.recheck();
  }

  /** Ends a turn. @returns whether there is work for another one */
  #rest(mayPause: boolean): boolean {
    const isReading = this.reads.end();
    if (this.partings.serveSome() || isReading) return true;
    if (mayPause) this.coalescing.turnEnded(performance.now());
    return false;
  }

  report(error: EngineError): void {
    this.#errors.report(error);
  }
}
