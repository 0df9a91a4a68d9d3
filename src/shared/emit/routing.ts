import type { Codec, Message } from '../codec/codec.ts';
import { encodeFrameRecord, encodeSeveralRecord, RecordKind } from '../messages/records.ts';
import type { InterestMap } from '../tables/interest-table.ts';
import { type Selection, shardsOf } from './selection.ts';
import type { ServerScope } from './target-emitter.ts';

/** A record, and the peers it is for. */
export interface RoutedRecord {
  readonly peers: readonly number[];
  readonly record: Buffer;
}

/** What routing has to know of a server. */
export type RoutedServer = Pick<ServerScope, 'number' | 'codecs'>;

/**
 * What one emit comes to: a record for each codec that somebody of the target may speak, here or in
 * another shard, with the message encoded and framed once.
 * @param isWantedHere whether this thread has somebody of the target who speaks the codec
 */
export function routePublish(
  { number: server, codecs }: RoutedServer,
  interest: InterestMap,
  selection: Selection,
  encode: (codec: Codec) => Message,
  isWantedHere: (codec: number, selection: Selection) => boolean,
): RoutedRecord[] {
  const records: RoutedRecord[] = [];
  for (let flag = 0; flag < codecs.length; flag++) {
    const peers = shardsOf(interest, server, flag, selection);
    if (peers.length === 0 && !isWantedHere(flag, selection)) continue;
    const message = encode(codecs[flag] as Codec);
    records.push({ peers, record: encodePublish(server, flag, selection, message) });
  }
  return records;
}

function encodePublish(
  server: number,
  flag: number,
  { room, except, several }: Selection,
  message: Message,
): Buffer {
  if (several === undefined) {
    const header = { kind: RecordKind.PUBLISH, server, flag, connection: except, name: room };
    return encodeFrameRecord(header, message);
  }
  const header = { kind: RecordKind.PUBLISH_SEVERAL, server, flag, connection: except };
  return encodeSeveralRecord(header, several, message);
}
