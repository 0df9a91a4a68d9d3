import { EngineError } from './errors.ts';

/** Bytes of UTF-8 that the name of a room, or an id, may have at most: a record has 16 bits for it. */
export const MAX_NAME_BYTES = 0xffff;

/**
 * Refuses what cannot be a room's name.
 * @param limit what `maxBytes` is called in the error
 * @throws EngineError ERR_ROOM_NAME
 */
export function checkRoomName(room: string, maxBytes: number, limit = 'maxRoomNameBytes'): void {
  if (typeof room !== 'string' || room === '') {
    const seen = typeof room === 'string' ? "''" : typeof room;
    throw new EngineError('ERR_ROOM_NAME', `a room is named by a non-empty string, not ${seen}`);
  }
  // In UTF-8 it would become another name, which somebody else may have.
  if (!room.isWellFormed()) {
    throw new EngineError('ERR_ROOM_NAME', 'a room name has half of a surrogate pair');
  }
  if (room.length * 3 > maxBytes && Buffer.byteLength(room) > maxBytes) {
    const bytes = Buffer.byteLength(room);
    const message = `a room name of ${bytes} bytes is over ${limit} (${maxBytes})`;
    throw new EngineError('ERR_ROOM_NAME', message);
  }
}
