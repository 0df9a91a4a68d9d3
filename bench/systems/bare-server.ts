// Control rows: what threads cost that do nothing but read and write. Connections are accepted and
// moved as fanring does it, and read and written as it does, with its pauses. There is no HTTP on
// this thread, no check, no handler, no room and no ring, and of a connection only its transport and
// one small object: small frames go back, or to everybody.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { AcceptedHandle } from '../../src/main/accept/bare-parser.ts';
import { BareSocket } from '../../src/main/accept/bare-socket.ts';
import { Handoff, HandoffSchedule, type Leaving } from '../../src/main/place/handoff.ts';
import { YOUNG_GENERATION_MB } from '../../src/main/shards/shard-threads.ts';
import { TcpTransport } from '../../src/workers/write/tcp-transport.ts';

if (!TcpTransport.isPossible) throw new Error('the control rows need Node.js 26.10');

const { values } = parseArgs({ options: { threads: { type: 'string', default: '2' } } });
const { port1, port2 } = new MessageChannel();
const siblings = values.threads === '1' ? [null] : [port1, port2];
const schedule = new HandoffSchedule();
const handoffs = await Promise.all(siblings.map(start));
let accepted = 0;

const server = createServer();
server.listen(0, '127.0.0.1', 511, () => {
  const { _handle: listening } = server as unknown as { _handle: { onconnection: unknown } };
  listening.onconnection = (_status: number, handle: AcceptedHandle) => {
    handle.setNoDelay(true);
    const socket = new BareSocket(handle, () => {});
    handoffs[accepted++ % handoffs.length]?.add({ socket, onFailed: () => {} });
  };
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ port, pid: process.pid }));
});
process.once('disconnect', () => process.exit());

/** Starts a thread, and resolves with the way to it; null: it is the only one. */
async function start(sibling: MessagePort | null): Promise<Handoff<Leaving>> {
  const worker = new Worker(new URL('./bare-worker.ts', import.meta.url), {
    workerData: sibling,
    transferList: sibling === null ? [] : [sibling],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  await once(worker, 'message'); // it takes connections
  return new Handoff<Leaving>(schedule, worker as unknown as MessagePort, (_, handles) => ({
    type: 'adopt',
    handoff: 0,
    upgrades: [],
    handles,
  }));
}
