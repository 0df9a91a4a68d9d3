import { z } from 'zod';
import type { Connection, EventsOf } from '../../src/main/index.ts';

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

const symbol = z.enum(SYMBOLS);

/** What pages send. The shards check it: a module exports its schemas. */
export const events = { watch: symbol, unwatch: symbol };

/** What pages send, and what they are sent. */
export interface TickerEvents extends EventsOf<typeof events> {
  welcome: { shard: number; symbols: readonly string[] };
  price: { symbol: string; price: number };
}

/** Runs in the shard that owns the socket: the primary never hears who watches what. */
export function onConnection(c: Connection<TickerEvents>): void {
  c.emit('welcome', { shard: c.shard, symbols: SYMBOLS });
  c.on('watch', (symbol) => c.join(symbol));
  c.on('unwatch', (symbol) => c.leave(symbol));
}
