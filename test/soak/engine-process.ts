// The engine in a process of its own, so that what it uses is its own. It speaks to the soak over
// the channel of its parent.
import { EventEmitter, once } from 'node:events';
import { readdirSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';
import { Engine, type Server } from '../../src/main/index.ts';
import { ENDPOINTS, optionsOf } from './endpoints.ts';
import type { FromEngine, ToEngine } from './engine-link.ts';
import { REPORTS, type Report, said, stamp, verbs } from './verbs.ts';

// Rings that are small enough to be full now and then, so that outboxes have work.
const RING_MEMORY = 2 ** 21;
const UNTOLD_MS = 3000;

const engine = new Engine({ shards: Number(process.argv[2]), ringMemory: RING_MEMORY });
const servers = new Map<string, Server>();
const living = new Set<string>();
const noneLives = new EventEmitter();
let wrongEnds = 0;

function tell(message: FromEngine): void {
  process.send?.(message);
}

/** Counts what closures are told of the beginning and the end of each connection. */
function note({ what, server, id, code, count = 0 }: Report): void {
  if (what === 'error') tell({ kind: 'fault', code: code ?? 'none', detail: `${server} ${id}` });
  else if (what === 'dropped') tell({ kind: 'dropped', id, count });
  else if (what === 'began') living.add(id);
  else if (!living.delete(id)) wrongEnds++;
  if (living.size === 0) noneLives.emit('none');
}

function descriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0; // not Linux
  }
}

function sample(): void {
  const { rss, heapUsed } = process.memoryUsage();
  const connections = engine.shards.reduce((sum, shard) => sum + shard.connections, 0);
  tell({ kind: 'sample', rss, heap: heapUsed, descriptors: descriptors(), connections });
}

function say({ server, ...saying }: Extract<ToEngine, { kind: 'say' }>): void {
  const done = stamp();
  servers
    .get(server)
    ?.to(saying.target ?? '')
    .emit('said', said(saying, server, done));
  tell({ kind: 'did', id: saying.id, done });
}

/** Clients have closed all connections: closures hear of it, of each one. */
async function untold(): Promise<number> {
  const signal = AbortSignal.timeout(UNTOLD_MS);
  while (living.size > 0 && !signal.aborted)
    await once(noneLives, 'none', { signal }).catch(() => {});
  return living.size;
}

async function end(): Promise<void> {
  const left = await untold();
  await engine.close();
  channel.close();
  tell({ kind: 'ended', wrongEnds, untold: left });
  // Nothing is left, so the process ends by itself.
  process.off('disconnect', giveUp).disconnect?.();
}

const giveUp = () => process.exit(1);
process.on('message', (message: ToEngine) => {
  if (message.kind === 'say') say(message);
  else if (message.kind === 'sample') sample();
  else void end();
});
process.on('disconnect', giveUp); // the soak has died

const channel = new BroadcastChannel(REPORTS);
channel.onmessage = (event) => {
  const report = (event as MessageEvent<Report>).data;
  if (report.what === 'error' || report.what === 'dropped') note(report);
};
engine.on('error', (error) => tell({ kind: 'fault', code: error.code, detail: error.message }));
engine.on('shardExit', ({ shard, reason }) => tell({ kind: 'exit', shard, reason }));
for (const endpoint of ENDPOINTS) {
  const server = engine.server(optionsOf(endpoint));
  if (endpoint.place === 'closures') server.onConnection(verbs(note));
  servers.set(endpoint.path, server);
}
const { port } = await engine.listen(0, { host: '127.0.0.1' });
tell({ kind: 'listening', port });
