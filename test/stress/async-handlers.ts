import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { Engine } from '../../src/main/index.ts';

/*
 * Async handlers under load, closures on the primary:
 *
 * - Clients that speak as soon as they are open, while their onConnection awaits: none may be lost.
 * - A client that floods a handler that awaits 10 ms: the resident memory stays flat.
 */

const { values } = parseArgs({
  options: {
    opens: { type: 'string', default: '100000' },
    flood: { type: 'string', default: '100000' },
  },
});
const OPENS = Number(values.opens);
const FLOOD = Number(values.flood);
/** Clients that open at a time. */
const AT_ONCE = 200;
const EVENT = 'iris-websocket-message:chat;0;hello';

const engine = new Engine({ shards: 2 });
let heard = 0;
engine.server({ endpoint: '/setup' }).onConnection(async (c) => {
  await sleep(2);
  c.on('chat', () => {
    heard += 1;
    c.emit('heard');
  });
});
let handled = 0;
engine.server({ endpoint: '/flood' }).onConnection((c) => {
  c.on('chat', async () => {
    await sleep(10);
    handled += 1;
  });
});
const { port } = await engine.listen(0, { host: '127.0.0.1' });

let opened = 0;
async function openOneAfterTheOther(): Promise<void> {
  while (opened < OPENS) {
    opened += 1;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/setup`);
    socket.on('open', () => socket.send(EVENT));
    await new Promise<void>((resolve, reject) => {
      socket.on('message', () => resolve());
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed, and not heard')));
    });
    socket.removeAllListeners('close');
    socket.on('error', () => {});
    socket.terminate();
  }
}
const begun = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, openOneAfterTheOther));
assert.equal(heard, OPENS);
console.log(`${OPENS} opens, none lost, in ${Math.round(performance.now() - begun)} ms`);

const flooder = new WebSocket(`ws://127.0.0.1:${port}/flood`);
await new Promise((resolve) => flooder.once('open', resolve));
const before = process.memoryUsage().rss;
let most = before;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss);
}, 50);
for (let sent = 0; sent < FLOOD; ) {
  const isFull = flooder.bufferedAmount > 2 ** 18;
  if (isFull) await sleep(1);
  else for (let i = 0; i < 100; i++, sent++) flooder.send(EVENT);
}
while (handled < FLOOD) await sleep(20);
clearInterval(watch);
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
console.log(
  `${FLOOD} messages of one client handled; memory ${mib(before)} MiB, at most ${mib(most)}`,
);
flooder.terminate();
await engine.close({ timeoutMs: 1000 });
