import type { Connection } from '../../src/main/index.ts';

/** What is traded here. Each symbol is a room. */
export const SYMBOLS: readonly string[] = [
  'COCOA',
  'COFFEE',
  'COPPER',
  'CORN',
  'COTTON',
  'GOLD',
  'OATS',
  'RICE',
  'SILVER',
  'SUGAR',
  'WHEAT',
  'ZINC',
];

/** What pages send, which is unknown until it has been checked, and what they are sent. */
export interface TickerEvents {
  watch: unknown;
  unwatch: unknown;

  welcome: { shard: number; symbols: readonly string[] };
  price: { symbol: string; price: number };
}

/** Runs in the shard that owns the socket: the primary never hears who watches what. */
export function onConnection(c: Connection<TickerEvents>): void {
  c.emit('welcome', { shard: c.shard, symbols: SYMBOLS });
  c.on('watch', (symbol) => {
    if (isSymbol(symbol)) c.join(symbol);
  });
  c.on('unwatch', (symbol) => {
    if (isSymbol(symbol)) c.leave(symbol);
  });
}

function isSymbol(value: unknown): value is string {
  return SYMBOLS.includes(value as string);
}
