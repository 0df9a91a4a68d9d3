import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import type { ToShard, Upgrade } from '../shared/control-messages.ts';
import type { SecureArrival } from '../shared/secure-messages.ts';

/**
 * Takes the bytes that have come in behind the request. Pause the socket first: what comes later
 * then stays in the kernel, for the shard.
 */
export function takeBuffered(socket: Pick<Readable, 'read'>, head: Buffer): Buffer {
  const chunks = [head];
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) chunks.push(chunk);
  return chunks.length === 1 ? head : Buffer.concat(chunks);
}

/** What Node.js moves when a `net.Socket` moves to another thread. */
interface HasHandle {
  _handle: object | null;
}

/** A socket that is about to move to a shard. */
export interface Leaving {
  /** Paused. */
  readonly socket: Socket;
  /** It has not moved: its socket is gone, or (`cause`) what goes with it cannot be cloned. */
  readonly onFailed: (cause?: unknown) => void;
}

/** An accepted upgrade that is about to move to a shard. */
export interface Departure extends Leaving {
  readonly upgrade: Upgrade;
}

/** A connection of a TLS port, not a byte of which has been read. */
export interface SecureDeparture extends Leaving {
  readonly arrival: SecureArrival;
}

/** Makes the message that moves sockets, from what goes with them and their handles. */
type Pack<Kind> = (departures: readonly Kind[], handles: readonly object[]) => ToShard;

/**
 * Moves sockets to the thread behind a port: all of a loop turn in one message, since a message
 * costs as much as all else that is done for a socket.
 */
export class Handoff<Kind extends Leaving = Departure> {
  readonly #port: MessagePort;
  readonly #pack: Pack<Kind>;
  #waiting: Kind[] = [];

  constructor(port: MessagePort, pack: Pack<Kind>) {
    this.#port = port;
    this.#pack = pack;
  }

  /** Moves a socket by the end of this turn of the loop. */
  add(departure: Kind): void {
    this.#waiting.push(departure);
    if (this.#waiting.length === 1) setImmediate(this.flush);
  }

  /** Moves what waits. */
  readonly flush = (): void => {
    if (this.#waiting.length === 0) return;
    const departures = this.#waiting;
    this.#waiting = [];
    const present = departures.filter(({ socket }) => !socket.destroyed);
    for (const { socket, onFailed } of departures) if (socket.destroyed) onFailed();
    try {
      move(this.#port, present, this.#pack);
    } catch {
      for (const departure of present) this.#moveAlone(departure);
    }
  };

  /** One of several cannot be cloned: the others must not suffer for it. */
  #moveAlone(departure: Kind): void {
    try {
      move(this.#port, [departure], this.#pack);
    } catch (cause) {
      departure.onFailed(cause);
    }
  }
}

/**
 * Packs accepted upgrades. What has been read from a socket would be lost with it: it goes along as
 * `head`.
 */
export function packUpgrades(departures: readonly Departure[], handles: readonly object[]) {
  for (const { socket, upgrade } of departures) {
    upgrade.head = takeBuffered(socket, upgrade.head as Buffer);
  }
  const upgrades = departures.map(({ upgrade }) => upgrade);
  return { type: 'adopt', upgrades, handles } satisfies ToShard;
}

/** Packs connections of TLS ports. */
export function packSecure(departures: readonly SecureDeparture[], handles: readonly object[]) {
  const arrivals = departures.map(({ arrival }) => arrival);
  return { type: 'adopt-secure', arrivals, handles } satisfies ToShard;
}

/**
 * Node.js (≥ 24.20, ≥ 26.6) moves the handle of a socket. It refuses a `net.Socket` from which
 * something has been read, since what that has buffered would be lost; here it has been taken out,
 * so the handle moves by itself, which costs a third as much besides.
 * @throws whatever `postMessage` throws, and then none has moved
 */
export function move<Kind extends Leaving>(
  port: MessagePort,
  departures: readonly Kind[],
  pack: Pack<Kind>,
): void {
  if (departures.length === 0) return;
  const handles = departures.map(
    ({ socket }) => (socket as unknown as HasHandle)._handle as object,
  );
  port.postMessage(pack(departures, handles), handles as never);
  for (const { socket } of departures) {
    (socket as unknown as HasHandle)._handle = null; // it belongs to the other thread
    socket.destroy();
  }
}
