import type { Codec, Message } from './codec.ts';
import { NOBODY, type ServerScope } from './emitter.ts';
import { type InterestMap, interestKey } from './interest-table.ts';
import { encodeFrameRecord, RecordKind } from './records.ts';
import { NotMe, type Target } from './targets.ts';

/** A record, and the peers it is for. */
export interface RoutedRecord {
  readonly peers: readonly number[];
  readonly record: Buffer;
}

/**
 * What one emit comes to: a record for each codec that somebody of the target may speak, here or in
 * another shard, with the message encoded and framed once.
 * @param isWantedHere whether this thread has members of the room who speak the codec
 */
export function routePublish(
  { number: server, codecs }: ServerScope,
  interest: InterestMap,
  target: Target,
  sender: number,
  encode: (codec: Codec) => Message,
  isWantedHere: (codec: number, room: string) => boolean,
): RoutedRecord[] {
  const name = target === NotMe ? '' : target;
  const connection = target === NotMe ? sender : NOBODY;
  const records: RoutedRecord[] = [];
  for (let flag = 0; flag < codecs.length; flag++) {
    const peers = interest.shardsFor(interestKey(server, flag, name));
    if (peers.length === 0 && !isWantedHere(flag, name)) continue;
    const header = { kind: RecordKind.PUBLISH, server, flag, connection, name };
    records.push({ peers, record: encodeFrameRecord(header, encode(codecs[flag] as Codec)) });
  }
  return records;
}
