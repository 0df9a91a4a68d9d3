import { handlerError } from '../../shared/api/errors.ts';
import { type AckResult, Ask, type KeptAnswer } from '../../shared/ask/ask.ts';
import {
  type AskBody,
  type AskResultBody,
  encodeResult,
  RemoteAsks,
} from '../../shared/ask/remote-asks.ts';
import type { Codec, Message } from '../../shared/codec/codec.ts';
import type { Selection } from '../../shared/emit/selection.ts';
import type { Question } from '../../shared/emit/target-emitter.ts';
import { encodeRecord, RecordKind } from '../../shared/messages/records.ts';
import type { ShardServer } from './shard-server.ts';

/** The questions of one server in one shard: its own, and those of other threads. */
export class ShardAsks {
  readonly #server: ShardServer;
  readonly #remote = new RemoteAsks();

  constructor(server: ShardServer) {
    this.#server = server;
  }

  /** Asks who is here, and through their shards all others. */
  async ask(selection: Selection, question: Question): Promise<AckResult> {
    const { isWantedHere } = this.#server;
    const remote = { selection, question, isWantedHere };
    const { events, result } = this.#remote.ask(this.#server, remote);
    const here = this.#askHere(selection, events, question.timeoutMs);
    const [own, others] = await Promise.all([here, result]);
    return {
      answers: [...own.answers, ...others.answers],
      missing: [...own.missing, ...others.missing],
      silentShards: others.silentShards,
    };
  }

  /** Another thread asks who is here; it gets one record of the results. */
  answer(body: AskBody, room: string, except: number): void {
    this.#answer(body, room, except).catch((thrown) => {
      const { endpoint } = this.#server;
      this.#server.report(handlerError(`${endpoint}: a question to room '${room}'`, thrown));
    });
  }

  async #answer(body: AskBody, room: string, except: number): Promise<void> {
    const { ask, from, events, timeoutMs, several } = body;
    const selection = { room, except, ...(several && { several }) };
    const result = await this.#askHere(selection, events, timeoutMs, 'message');
    const header = { kind: RecordKind.ASK_RESULT, server: this.#server.number };
    this.#server.shard.sendAlways(from, encodeRecord(header, encodeResult(ask, result)));
  }

  /** A shard has sent what its members answered. */
  receive(shard: number, result: AskResultBody): void {
    this.#remote.receive(shard, result);
  }

  siblingDied(shard: number): void {
    this.#remote.shardDied(shard);
  }

  close(): void {
    this.#remote.close();
  }

  #askHere(
    selection: Selection,
    events: AskBody['events'],
    timeoutMs: number,
    keep: KeptAnswer = 'payload',
  ): Promise<AckResult> {
    const { codecs } = this.#server;
    // Who speaks a codec that the event is not in came later than the question.
    const faces = this.#server.facesOf(selection, (codec) => events[codec] !== undefined);
    const encode = (codec: Codec) => events[codecs.indexOf(codec)] as Message;
    return new Ask(faces, encode, timeoutMs, keep).result;
  }
}
