import type { Message } from '../codec/codec.ts';
import { encodeFrameRecord, encodeSeveralRecord, RecordKind } from '../messages/records.ts';
import type { Selection } from './selection.ts';

/** The record of one message in one codec, framed: for one room, or for several. */
export function encodePublish(
  server: number,
  codec: number,
  { room, except, several }: Selection,
  message: Message,
): Buffer {
  if (several === undefined) {
    const header = { kind: RecordKind.PUBLISH, server, codec, connection: except, name: room };
    return encodeFrameRecord(header, message);
  }
  const header = { kind: RecordKind.PUBLISH_SEVERAL, server, codec, connection: except };
  return encodeSeveralRecord(header, several, message);
}
