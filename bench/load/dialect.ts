/** What goes to everybody in the room, and what comes back to its sender. */
export type MessageKind = 'broadcast' | 'echo';

/** How a server is spoken to. */
export interface Dialect {
  /** Path and query for a member of a room; undefined: the one room that everybody is in. */
  path(room: number | undefined): string;
  /** The text message that holds a payload. */
  message(kind: MessageKind, payload: string): string;
  /** Whether a connection may be used as soon as it is open. */
  readonly readyAtOpen: boolean;
  /** What a message that carries no payload of ours wants. */
  control(text: string): { readonly answer?: string; readonly ready?: boolean };
}

/** The names of dialects, as a job carries them. */
export type DialectName = 'native' | 'socket.io';

const native: Dialect = {
  path: (room) => (room === undefined ? '/native' : `/rooms?room=${room}`),
  message: (kind, payload) => (kind === 'echo' ? `!${payload}` : payload),
  readyAtOpen: true,
  control: () => ({}),
};

/** Engine.IO 4 over WebSocket, and Socket.IO 5 in it. */
const socketIo: Dialect = {
  path: (room) =>
    `/socket.io/?EIO=4&transport=websocket${room === undefined ? '' : `&room=${room}`}`,
  message: (kind, payload) => `42["${kind === 'echo' ? 'echo' : 'chat'}","${payload}"]`,
  readyAtOpen: false,
  control(text) {
    if (text.startsWith('0')) return { answer: '40' };
    if (text.startsWith('40')) return { ready: true };
    return text === '2' ? { answer: '3' } : {};
  },
};

/** How servers are spoken to, by name. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { native, 'socket.io': socketIo };
