import type { EngineError } from '../../../src/shared/api/errors.ts';
import type { AckResult } from '../../../src/shared/ask/ask.ts';
import type { Codec, Encode, Message } from '../../../src/shared/codec/codec.ts';
import { createCodecs } from '../../../src/shared/codec/codecs.ts';
import type { Command } from '../../../src/shared/spread/command.ts';
import type { Found, ListAsk } from '../../../src/shared/spread/listing.ts';
import type { Selection } from '../../../src/shared/spread/selection.ts';
import type { Verbs } from '../../../src/shared/spread/verbs.ts';

interface Asked {
  readonly encode: Encode;
  readonly timeoutMs: number;
}

/** A server of no thread at all: it writes down what it is asked to do. */
export class FakeVerbs implements Verbs {
  readonly endpoint = '/fake';
  readonly codecs = createCodecs({ codec: 'text', eventPrefix: '>', maxEventNameBytes: 16 });
  readonly limits = {
    maxRooms: 2,
    maxRoomNameBytes: 8,
    maxEventNameBytes: 16,
    maxPendingAsks: 3,
  };
  readonly published: [selection: Selection, message: Message][] = [];
  readonly asked: [selection: Selection, asked: Asked][] = [];
  readonly listed: ListAsk[] = [];
  readonly commanded: [selection: Selection, command: Command][] = [];
  readonly reported: EngineError[] = [];

  get codec(): Codec {
    return this.codecs[0] as Codec;
  }

  publish(selection: Selection, encode: Encode): void {
    this.published.push([selection, encode(this.codec)]);
  }

  async ask(selection: Selection, encode: Encode, timeoutMs: number): Promise<AckResult> {
    this.asked.push([selection, { encode, timeoutMs }]);
    return { answers: [{ id: 'someone', payload: 'yes' }], missing: [], silentShards: [] };
  }

  async list(query: ListAsk): Promise<Found> {
    this.listed.push(query);
    return { connections: [], rooms: [], silentShards: [] };
  }

  command(selection: Selection, command: Command): void {
    this.commanded.push([selection, command]);
  }

  count(room: string): number {
    return room.length;
  }

  report(error: EngineError): void {
    this.reported.push(error);
  }
}
