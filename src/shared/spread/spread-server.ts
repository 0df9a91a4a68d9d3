import { serialize } from 'node:v8';
import type { EngineError } from '../api/errors.ts';
import type { AckResult } from '../ask/ask.ts';
import type { Codec } from '../codec/codec.ts';
import type { RecordView } from '../messages/record-view.ts';
import { encodeRecord, frameStartOf, RecordKind } from '../messages/records.ts';
import type { Limits } from '../options/server-options.ts';
import type { RoutedRecord } from '../ring/tick-loop.ts';
import {
  type Command,
  carryOut,
  countAhead,
  decodeCommand,
  encodeCommand,
  joinKeys,
} from './command.ts';
import { Gather } from './gather.ts';
import {
  type Entries,
  encodeEntries,
  type Found,
  type ListedConnection,
  type ListedRoom,
  listConnections,
  listRooms,
  type Query,
  type QueryBody,
  type QueryResultBody,
} from './listing.ts';
import { encodePublish } from './publish.ts';
import { labelOf, NOBODY, type Selection, shardsOf, shardsOfAnyCodec } from './selection.ts';
import { SpreadAsks } from './spread-asks.ts';
import type { SpreadOptions } from './spread-options.ts';
import type { Encode, Verbs } from './verbs.ts';

interface Routed<Chosen> extends RoutedRecord {
  readonly chosen: Chosen | undefined;
}

/**
 * A server whose connections are spread over threads. Each verb is routed, sent to the peers that may
 * have members, and carried out on the half of the server that is in this thread.
 */
export class SpreadServer<Chosen = unknown> implements Verbs {
  readonly #options: SpreadOptions<Chosen>;
  readonly #asks: SpreadAsks<Chosen>;
  readonly #entries = new Gather<Entries>();

  constructor(options: SpreadOptions<Chosen>) {
    this.#options = options;
    this.#asks = new SpreadAsks(options);
  }

  get number(): number {
    return this.#options.number;
  }

  get endpoint(): string {
    return this.#options.endpoint;
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  get codecs(): readonly Codec[] {
    return this.#options.codecs;
  }

  report(error: EngineError): void {
    this.#options.report(error);
  }

  count(room: string): number {
    const { number, codecs, peers } = this.#options;
    return peers.counts.sum(number, codecs.length, room);
  }

  publish(selection: Selection, encode: Encode): void {
    const { peers, local, counters } = this.#options;
    const routed = this.#route(selection, encode);
    peers.send(routed); // first: where that throws, nobody shall get it
    counters.emitted += 1;
    for (const { record, chosen } of routed) {
      if (chosen === undefined) continue;
      local.deliver(chosen, record.subarray(frameStartOf(record, 0)), labelOf(selection));
    }
  }

  /** A record for each codec that somebody of the selection may speak, encoded and framed once. */
  #route(selection: Selection, encode: Encode): Routed<Chosen>[] {
    const { number, codecs, peers, local } = this.#options;
    const routed: Routed<Chosen>[] = [];
    for (let codec = 0; codec < codecs.length; codec++) {
      const reached = shardsOf(peers.interest, number, codec, selection);
      const chosen = local.select(codec, selection);
      if (reached.length === 0 && chosen === undefined) continue;
      const message = encode(codecs[codec] as Codec);
      const record = encodePublish(number, codec, selection, message);
      routed.push({ peers: reached, record, chosen });
    }
    return routed;
  }

  ask(selection: Selection, encode: Encode, timeoutMs: number): Promise<AckResult> {
    return this.#asks.ask(selection, encode, timeoutMs);
  }

  async list(query: Query, timeoutMs: number): Promise<Found> {
    const { number: server, peers } = this.#options;
    const connections: ListedConnection[] = [];
    const rooms: ListedRoom[] = [];
    const add = (entries: Entries) => {
      for (const connection of entries.connections) connections.push(connection);
      for (const room of entries.rooms) rooms.push(room);
    };
    const reached = this.#peersOf({ room: query.room, except: NOBODY });
    const send = (request: number) => {
      if (reached.length === 0) return;
      const body: QueryBody = { query, request, from: peers.self };
      const record = encodeRecord({ kind: RecordKind.QUERY, server }, serialize(body));
      peers.send([{ peers: reached, record }]);
    };
    const silentShards = await this.#entries.ask(reached, timeoutMs, send, add);
    add(this.#entriesHere(query));
    return { connections, rooms, silentShards };
  }

  #entriesHere(query: Query): Entries {
    const { local } = this.#options;
    if (query.list === 'rooms') return { connections: [], rooms: listRooms(local.rooms(), query) };
    const members = local.members({ room: query.room, except: NOBODY });
    return { connections: listConnections(members, query), rooms: [] };
  }

  command(selection: Selection, command: Command): void {
    const { number, codecs, peers, local } = this.#options;
    const reached = this.#peersOf(selection);
    if (reached.length > 0) {
      const record = encodeCommand(number, codecs.length, selection, command);
      const keys = joinKeys(number, codecs.length, command);
      countAhead(peers.interest, reached, keys, () => peers.send([{ peers: reached, record }]));
    }
    carryOut(command, local.members(selection));
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
      case RecordKind.COMMAND: {
        const { command, selection } = decodeCommand(record);
        carryOut(command, this.#options.local.members(selection));
        return true;
      }
      case RecordKind.ASK:
        this.#asks.answer(record);
        return true;
      case RecordKind.ASK_RESULT:
        this.#asks.receive(record);
        return true;
      case RecordKind.QUERY:
        this.#tell(record.clone());
        return true;
      case RecordKind.QUERY_RESULT: {
        const { request, entries } = record.clone<QueryResultBody>();
        this.#entries.receive(record.from, request, entries);
        return true;
      }
      default:
        return false;
    }
  }

  #deliver(record: RecordView, selection: Selection): void {
    const { local } = this.#options;
    const chosen = local.select(record.codec, selection);
    if (chosen !== undefined) local.deliver(chosen, record.copyFrame(), labelOf(selection));
  }

  #tell({ query, request, from }: QueryBody): void {
    const { number: server, peers } = this.#options;
    const body = encodeEntries(request, this.#entriesHere(query));
    peers.sendAlways(from, encodeRecord({ kind: RecordKind.QUERY_RESULT, server }, body));
  }

  /** A peer has died, and will not answer any more. */
  peerDied(peer: number): void {
    this.#asks.peerDied(peer);
    this.#entries.shardDied(peer);
  }

  /** Nobody will answer any more. */
  close(): void {
    this.#asks.close();
    this.#entries.close();
  }
}
