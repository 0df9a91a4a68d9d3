import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import type { ToShard, Upgrade } from '../../shared/messages/control-messages.ts';
import type { TlsArrival } from '../../shared/messages/tls-messages.ts';
import { setImmediate } from '../../shared/time/timers.ts';
import type { BareSocket } from '../accept/bare-socket.ts';
import type { SentHandoffs } from './sent-handoffs.ts';
import { SpareDescriptor } from './spare-descriptor.ts';

/**
 * Takes the bytes that have come in behind the request, undefined where there are none. Pause the
 * socket first: later bytes then stay in the kernel, for the shard.
 */
export function takeBuffered(
  socket: Pick<Readable, 'read'>,
  head: Uint8Array | undefined,
): Uint8Array | undefined {
  const chunks = head === undefined ? [] : [head];
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  // A clone takes all of a buffer's memory with it: that must be nothing but the bytes.
  return bytes.length === 0 ? undefined : new Uint8Array(bytes);
}

/** The part of a `net.Socket` that Node.js moves to another thread. */
interface HasHandle {
  _handle: object | null;
}

/** A socket that is about to move to a shard. */
export interface Leaving {
  /** Paused. */
  readonly socket: Socket | BareSocket;
  /** Is called where it has not moved: its socket is gone, or its data cannot be cloned (`cause`). */
  readonly onFailed: (cause?: unknown) => void;
}

/** An accepted upgrade that is about to move to a shard. */
export interface Departure extends Leaving {
  readonly upgrade: Upgrade;
}

/** A connection of a TLS port, of whose TLS no byte has been parsed. */
export interface TlsDeparture extends Leaving {
  readonly socket: Socket;
  readonly arrival: TlsArrival;
}

/** Makes the message that moves sockets, of their data and their handles. */
type Pack<Kind> = (
  departures: readonly Kind[],
  handles: readonly object[],
  handoff: number,
) => ToShard;

/** The most sockets that wait, for all shards; the first of them has waited for about 1 ms then. */
const MAX_WAITING = 32;
/** Milliseconds after which all sockets go, where turns of the loop are longer. */
const MAX_WAIT = 2;

/** A handoff as its schedule needs it. */
type Flushed = Pick<Handoff, 'flush'>;

/**
 * Says when sockets that wait to move go. The loop accepts one connection a turn: they wait as long
 * as each turn brings another, whichever shard that is for.
 */
export class HandoffSchedule {
  /** Kept back for all of them. */
  readonly spare = new SpareDescriptor();
  readonly #handoffs = new Set<Flushed>();
  /** Sockets that wait, at most: a handoff may have been flushed meanwhile. */
  #count = 0;
  /** Sockets that waited at the last turn. */
  #seen = 0;
  /** When the first of them came, in ms. */
  #since = 0;

  /** Notes that a socket waits. */
  add(handoff: Flushed): void {
    this.#handoffs.add(handoff);
    this.#count += 1;
    if (this.#count > 1) return;
    this.#since = performance.now();
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const hasMore = this.#count > this.#seen && this.#count < MAX_WAITING;
    if (hasMore && performance.now() - this.#since < MAX_WAIT) {
      this.#seen = this.#count;
      setImmediate(this.#turn);
      return;
    }
    this.#count = this.#seen = 0;
    for (const handoff of this.#handoffs) handoff.flush();
    this.#handoffs.clear();
  };
}

/**
 * Moves sockets to the thread behind a port, several in one message. A message and waking that
 * thread cost as much as all else that is done for a socket.
 */
export class Handoff<Kind extends Leaving = Departure> {
  readonly #schedule: HandoffSchedule;
  readonly #port: MessagePort;
  readonly #pack: Pack<Kind>;
  readonly #sent: SentHandoffs | undefined;
  #waiting: Kind[] = [];

  /** @param sent gets the messages, to see whether they arrive; left out: nobody looks */
  constructor(schedule: HandoffSchedule, port: MessagePort, pack: Pack<Kind>, sent?: SentHandoffs) {
    this.#schedule = schedule;
    this.#port = port;
    this.#pack = pack;
    this.#sent = sent;
  }

  /** Moves a socket soon. */
  add(departure: Kind): void {
    this.#waiting.push(departure);
    this.#schedule.add(this);
  }

  /** Moves the sockets that wait. */
  flush(): void {
    const departures = this.#waiting;
    this.#waiting = [];
    if (departures.length === 0) return;
    const present = departures.filter(({ socket }) => !socket.destroyed);
    for (const { socket, onFailed } of departures) if (socket.destroyed) onFailed();
    const { spare } = this.#schedule;
    while (present.length > 0 && !spare.lend()) this.#giveUp(present.pop() as Kind);
    try {
      this.#move(present);
    } catch {
      for (const departure of present) this.#moveAlone(departure);
    }
    spare.keep();
  }

  /** Ends a connection that has come last, for its descriptor: others can move then. */
  #giveUp({ socket, onFailed }: Kind): void {
    socket.destroy();
    onFailed();
    this.#sent?.unsent(1);
  }

  #move(departures: readonly Kind[]): void {
    if (departures.length === 0) return;
    move(this.#port, departures, this.#pack, this.#sent?.next ?? 0);
    this.#sent?.sent(
      departures.map(
        ({ onFailed }) =>
          () =>
            onFailed(),
      ),
    );
  }

  /** One of several cannot be cloned: the others move all the same. */
  #moveAlone(departure: Kind): void {
    try {
      this.#move([departure]);
    } catch (cause) {
      departure.onFailed(cause);
    }
  }
}

/** Packs accepted upgrades, each with the bytes that its socket has buffered as its `head`. */
export function packUpgrades(
  departures: readonly Departure[],
  handles: readonly object[],
  handoff: number,
) {
  for (const { socket, upgrade } of departures) upgrade.head = takeBuffered(socket, upgrade.head);
  const upgrades = departures.map(({ upgrade }) => upgrade);
  return { type: 'adopt', handoff, upgrades, handles } satisfies ToShard;
}

/** Packs connections of TLS ports. */
export function packTls(
  departures: readonly TlsDeparture[],
  handles: readonly object[],
  handoff: number,
) {
  for (const { socket, arrival } of departures) {
    // One that has not been read from must not begin to read.
    if (socket.readableLength > 0) arrival.head = takeBuffered(socket, undefined);
  }
  const arrivals = departures.map(({ arrival }) => arrival);
  return { type: 'adopt-tls', handoff, arrivals, handles } satisfies ToShard;
}

/**
 * Moves the handles of sockets, in one message. Node.js (≥ 24.20, ≥ 26.6) refuses a `net.Socket`
 * that has been read from, since the bytes that it has buffered would be lost. Here they have been
 * taken out, so the handle moves by itself, which costs a third as much besides.
 * @param handoff the number of the message
 * @throws whatever `postMessage` throws, and then none has moved
 */
export function move<Kind extends Leaving>(
  port: MessagePort,
  departures: readonly Kind[],
  pack: Pack<Kind>,
  handoff: number,
): void {
  const sockets = departures.map(({ socket }) => socket as typeof socket & HasHandle);
  const handles = sockets.map(({ _handle }) => _handle as object);
  port.postMessage(pack(departures, handles, handoff), handles as never);
  for (const socket of sockets) {
    socket._handle = null; // it belongs to the other thread
    socket.destroy();
  }
}
