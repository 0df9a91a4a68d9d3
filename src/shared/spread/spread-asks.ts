import { serialize } from 'node:v8';
import { handlerError } from '../api/errors.ts';
import {
  type AckAnswer,
  type AckMissing,
  type AckResult,
  Ask,
  type KeptAnswer,
  type SentAnswer,
} from '../ask/ask.ts';
import {
  type AskBody,
  type AskResultBody,
  addResult,
  encodeResult,
  GRACE,
  payloadOf,
} from '../ask/remote-ask.ts';
import type { Codec, Encode, Message } from '../codec/codec.ts';
import { PRIMARY } from '../messages/control-messages.ts';
import type { RecordView } from '../messages/record-view.ts';
import { encodeRecord, RecordKind } from '../messages/records.ts';
import { Gather } from './gather.ts';
import { type Selection, shardsOf, withoutExceptions } from './selection.ts';
import type { SpreadOptions } from './spread-options.ts';

const NONE = { answers: [], missing: [] };

/** The asks of one server that one thread knows: its own, and those of its peers. */
export class SpreadAsks<Chosen> {
  readonly #options: SpreadOptions<Chosen>;
  readonly #results = new Gather<AskResultBody>();

  constructor(options: SpreadOptions<Chosen>) {
    this.#options = options;
  }

  /** Asks the members here, and through the peers all others. */
  async ask(
    selection: Selection,
    encode: Encode,
    timeoutMs: number,
    event: string,
  ): Promise<AckResult> {
    const { codecs, local } = this.#options;
    if (local.handlersOf === 'all') {
      return new Ask(local.members(selection), encode, timeoutMs).result;
    }
    const answers: AckAnswer[] = [];
    const missing: AckMissing[] = [];
    const { peers, events } = this.#eventsFor(selection, encode);
    const silentShards = this.#results.ask(
      peers,
      timeoutMs + GRACE,
      (ask) => this.#sendAsk(peers, selection, { ask, event, events, timeoutMs }),
      (result) => addResult({ answers, missing }, result, codecs),
    );
    const own =
      local.handlersOf === 'none' ? NONE : await this.#askHere(selection, events, timeoutMs);
    const silent = await silentShards; // all answers of others have come
    return {
      answers: [...own.answers, ...answers],
      missing: [...own.missing, ...missing],
      silentShards: silent,
    };
  }

  /** The event in each codec that somebody of the selection may speak, and the peers to be asked. */
  #eventsFor(selection: Selection, encode: Encode) {
    const { number, codecs, peers, local } = this.#options;
    const reached = new Set<number>();
    const widest = withoutExceptions(selection);
    const events = codecs.map((codec, index) => {
      const shards = shardsOf(peers.interest, number, index, selection);
      for (const shard of shards) reached.add(shard);
      const isWanted = shards.length > 0 || local.select(index, widest) !== undefined;
      return isWanted ? encode(codec) : undefined;
    });
    return { events, peers: [...reached] };
  }

  #sendAsk(
    reached: readonly number[],
    { room: name, except: connection, several }: Selection,
    asked: Omit<AskBody, 'from' | 'several'>,
  ): void {
    if (reached.length === 0) return;
    const { number: server, peers } = this.#options;
    const from = peers.self;
    const body: AskBody = { ...asked, from, ...(several && { several }) };
    const header = { kind: RecordKind.ASK, server, connection, name };
    peers.send([{ peers: reached, record: encodeRecord(header, serialize(body)) }]);
  }

  #askHere(
    selection: Selection,
    events: AskBody['events'],
    timeoutMs: number,
    keep: KeptAnswer = 'payload',
  ): Promise<AckResult> {
    const { codecs, local } = this.#options;
    // A connection whose codec the event is not in came later than the ask.
    const members = local.members(selection, (codec) => events[codec] !== undefined);
    const encode = (codec: Codec) => events[codecs.indexOf(codec)] as Message;
    return new Ask(members, encode, timeoutMs, keep).result;
  }

  /** Asks the members here for another thread, which gets one record of the results. */
  answer(record: RecordView): void {
    const { endpoint, report } = this.#options;
    const { name: room, connection: except } = record;
    this.#answer(record.clone(), room, except).catch((thrown) => {
      report(handlerError(`${endpoint}: an ask of room '${room}'`, thrown));
    });
  }

  async #answer(body: AskBody, room: string, except: number): Promise<void> {
    const { ask, from, event, events, timeoutMs, several } = body;
    const { number: server, peers, codecs, checks } = this.#options;
    const selection = { room, except, ...(several && { several }) };
    let result = await this.#askHere(selection, events, timeoutMs, 'message');
    if (from === PRIMARY && checks !== undefined) {
      // The primary has no schemas where shards have; a shard checks for itself.
      const answers = result as AckResult<SentAnswer>;
      result = await checks.answers(event, answers, (answer) => payloadOf(answer, codecs));
    }
    const header = { kind: RecordKind.ASK_RESULT, server };
    peers.sendAlways(from, encodeRecord(header, encodeResult(ask, result)));
  }

  /** Takes the answers of the members of one peer. */
  receive(record: RecordView): void {
    const result = record.clone<AskResultBody>();
    this.#results.receive(record.from, result.ask, result);
  }

  peerDied(peer: number): void {
    this.#results.peerDied(peer);
  }

  close(): void {
    this.#results.close();
  }
}
