import { EngineError } from './errors.ts';

/** Most bytes of UTF-8 of a room's name, or an id: a record has 16 bits for their number. */
export const MAX_NAME_BYTES = 0xffff;

/**
 * Refuses a value that cannot be a room's name.
 * @param limit the name of `maxBytes` in the error
 * @throws EngineError ERR_ROOM_NAME
 */
export function checkRoomName(room: string, maxBytes: number, limit = 'maxRoomNameBytes'): void {
  if (typeof room !== 'string' || room === '') {
    const seen = typeof room === 'string' ? "''" : typeof room;
    throw new EngineError('ERR_ROOM_NAME', `a room is named by a non-empty string, not ${seen}`);
  }
  // UTF-8 would make it another name, which another room may have.
  if (!room.isWellFormed()) {
    throw new EngineError('ERR_ROOM_NAME', 'a room name has half of a surrogate pair');
  }
  if (room.length * 3 > maxBytes && Buffer.byteLength(room) > maxBytes) {
    const bytes = Buffer.byteLength(room);
    const message = `a room name of ${bytes} bytes is over ${limit} (${maxBytes})`;
    throw new EngineError('ERR_ROOM_NAME', message);
  }
}
