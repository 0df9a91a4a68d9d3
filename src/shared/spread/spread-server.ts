import { serialize } from 'node:v8';
import type { EngineError } from '../api/errors.ts';
import type { AckResult } from '../ask/ask.ts';
import type { Codec, Encode, Message } from '../codec/codec.ts';
import type { RecordView } from '../messages/record-view.ts';
import {
  encodeFrameRecord,
  encodeRecord,
  encodeSeveralRecord,
  frameStartOf,
  RecordKind,
} from '../messages/records.ts';
import type { Limits } from '../options/server-options.ts';
import type { RoutedRecord } from '../ring/tick-loop.ts';
import type { EventChecks } from '../schema/event-checks.ts';
import { type Command, carryOut, countAhead, encodeCommand, joinKeys } from './command.ts';
import { Gather } from './gather.ts';
import {
  type Entries,
  encodeEntries,
  type Found,
  type ListAsk,
  type ListBody,
  type ListResultBody,
  listConnections,
  listRooms,
} from './listing.ts';
import { labelOf, NOBODY, type Selection, shardsOf, shardsOfAnyCodec } from './selection.ts';
import { SpreadAsks } from './spread-asks.ts';
import type { SpreadOptions } from './spread-options.ts';

interface Routed<Chosen> extends RoutedRecord {
  readonly chosen: Chosen | undefined;
}

/**
 * A server whose connections are spread over threads. Each verb is routed, and sent to the peers
 * that may have members. Then it is carried out on the half of the server in this thread.
 */
export class SpreadServer<Chosen = unknown> {
  readonly number: number;
  readonly endpoint: string;
  readonly limits: Limits;
  /** Checks payloads; undefined where no schemas are in this thread. */
  readonly checks?: EventChecks | undefined;
  readonly #options: SpreadOptions<Chosen>;
  readonly #asks: SpreadAsks<Chosen>;
  readonly #entries = new Gather<Entries>();

  constructor(options: SpreadOptions<Chosen>) {
    this.number = options.number;
    this.endpoint = options.endpoint;
    this.limits = options.limits;
    this.checks = options.checks;
    this.#options = options;
    this.#asks = new SpreadAsks(options);
  }

  /** Takes an error that no handler of a connection has taken, for the engine's `error` event. */
  report(error: EngineError): void {
    this.#options.report(error);
  }

  /** The number of connections in a room; '' = all. */
  count(room: string): number {
    const { codecs, peers, local } = this.#options;
    return local.count?.(room) ?? peers.counts.sum(this.number, codecs.length, room);
  }

  /**
   * Sends a message to the connections of a selection.
   * @param encode called before this returns, for each codec that one of them may speak
   * @throws EngineError ERR_OUTBOX_FULL, any error of `encode`; and then nobody gets the message
   */
  publish(selection: Selection, encode: Encode): void {
    const { peers, local, counters } = this.#options;
    const routed = this.#route(selection, encode);
    peers.send(routed); // first: where that throws, nobody here may get it either
    counters.emitted += 1;
    for (const { record, chosen } of routed) {
      if (chosen === undefined) continue;
      local.deliver(chosen, record.subarray(frameStartOf(record, 0)), labelOf(selection));
    }
  }

  /** A record for each codec that somebody of the selection may speak, encoded and framed once. */
  #route(selection: Selection, encode: Encode): Routed<Chosen>[] {
    const { codecs, peers, local } = this.#options;
    const routed: Routed<Chosen>[] = [];
    for (let codec = 0; codec < codecs.length; codec++) {
      const reached = shardsOf(peers.interest, this.number, codec, selection);
      const chosen = local.select(codec, selection);
      if (reached.length === 0 && chosen === undefined) continue;
      const message = encode(codecs[codec] as Codec);
      const record = this.#encodePublish(codec, selection, message);
      routed.push({ peers: reached, record, chosen });
    }
    return routed;
  }

  #encodePublish(codec: number, selection: Selection, message: Message): Buffer {
    const { number: server } = this;
    const { room: name, except: connection, several } = selection;
    if (several === undefined) {
      const header = { kind: RecordKind.PUBLISH, server, codec, connection, name };
      return encodeFrameRecord(header, message);
    }
    const header = { kind: RecordKind.PUBLISH_SEVERAL, server, codec, connection };
    return encodeSeveralRecord(header, several, message);
  }

  /**
   * Asks the connections of a selection.
   * @param encode as in {@link SpreadServer.publish}
   * @param timeoutMs milliseconds to wait for answers
   * @param event the name of the event, by which threads with schemas check the answers
   */
  ask(selection: Selection, encode: Encode, timeoutMs: number, event: string): Promise<AckResult> {
    return this.#asks.ask(selection, encode, timeoutMs, event);
  }

  /** The entries of a list, from every thread that answers within `timeoutMs`. */
  async list(ask: ListAsk, timeoutMs: number): Promise<Found> {
    const { number: server } = this;
    const { peers } = this.#options;
    const parts: Entries[] = [];
    const add = (part: Entries) => parts.push(part);
    const reached = this.#peersOf({ room: ask.room, except: NOBODY });
    const send = (request: number) => {
      if (reached.length === 0) return;
      const body: ListBody = { query: ask, request, from: peers.self };
      const record = encodeRecord({ kind: RecordKind.LIST, server }, serialize(body));
      peers.send([{ peers: reached, record }]);
    };
    const silentShards = await this.#entries.ask(reached, timeoutMs, send, add);
    add(this.#entriesHere(ask));
    const connections = parts.flatMap((part) => part.connections);
    return { connections, rooms: parts.flatMap((part) => part.rooms), silentShards };
  }

  #entriesHere(ask: ListAsk): Entries {
    const { local } = this.#options;
    if (ask.list === 'rooms') return { connections: [], rooms: listRooms(local.rooms(), ask) };
    const members = local.members({ room: ask.room, except: NOBODY });
    return { connections: listConnections(members, ask), rooms: [] };
  }

  /** Has the connections of a selection do something. @throws EngineError ERR_OUTBOX_FULL */
  command(selection: Selection, command: Command): void {
    const { number, codecs, peers } = this.#options;
    const reached = this.#peersOf(selection);
    if (reached.length > 0) {
      const record = encodeCommand(number, codecs.length, selection, command);
      const keys = joinKeys(number, codecs.length, command);
      countAhead(peers.interest, reached, keys, () => peers.send([{ peers: reached, record }]));
    }
    this.obey(selection, command);
  }

  /** The peers where handlers of somebody of the selection may run. */
  #peersOf(selection: Selection): number[] {
    const { number, codecs, peers, local } = this.#options;
    if (local.handlersOf === 'all') return [];
    return shardsOfAnyCodec(peers.interest, number, codecs.length, selection);
  }

  /** Carries out a verb that a peer has sent; false where the record has none. */
  receive(record: RecordView): boolean {
    switch (record.kind) {
      case RecordKind.PUBLISH:
        this.#deliver(record, { room: record.name, except: record.connection });
        return true;
      case RecordKind.PUBLISH_SEVERAL: {
        const { connection: except, several } = record;
        this.#deliver(record, { room: '', except, several });
        return true;
      }
      case RecordKind.ASK:
        this.#asks.answer(record);
        return true;
      case RecordKind.ASK_RESULT:
        this.#asks.receive(record);
        return true;
      case RecordKind.LIST:
        this.#tell(record.clone());
        return true;
      case RecordKind.LIST_RESULT: {
        const { request, entries } = record.clone<ListResultBody>();
        this.#entries.receive(record.from, request, entries);
        return true;
      }
      default:
        return false;
    }
  }

  /** Has the connections here do what a peer has commanded. */
  obey(selection: Selection, command: Command): void {
    carryOut(command, this.#options.local.members(selection));
  }

  #deliver(record: RecordView, selection: Selection): void {
    const { local } = this.#options;
    const chosen = local.select(record.codec, selection);
    if (chosen !== undefined) local.deliver(chosen, record.copyFrame(), labelOf(selection));
  }

  #tell({ query, request, from }: ListBody): void {
    const { number: server, peers } = this.#options;
    const body = encodeEntries(request, this.#entriesHere(query));
    peers.sendAlways(from, encodeRecord({ kind: RecordKind.LIST_RESULT, server }, body));
  }

  /** Awaits no answer of a peer that has died. */
  peerDied(peer: number): void {
    this.#asks.peerDied(peer);
    this.#entries.peerDied(peer);
  }

  /** Awaits no answer any more. */
  close(): void {
    this.#asks.close();
    this.#entries.close();
  }
}
