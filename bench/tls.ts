// How many TLS handshakes a second shards do: full ones, each up to the 101 of its WebSocket.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LoadConnection } from '../src/load/load-connection.ts';
import { type LoadTarget, parseTarget } from '../src/load/load-target.ts';
import { Engine } from '../src/main/index.ts';
import { medianOf } from './report/median-of.ts';

const WARM_UP_MS = 1_000;
const KEYS = ['rsa:4096', 'rsa:2048', 'ec'];

/** What the server's process has used, in microseconds: all of it, and its first thread. */
interface Usage {
  readonly all: number;
  readonly primary: number;
}

/** What one run has shown: handshakes in a second, and the CPU time of each. */
interface Run extends Usage {
  readonly perSecond: number;
}

interface Pair {
  readonly key: string;
  readonly cert: string;
}

if (process.send === undefined) await compare();
else await serve();

async function compare(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ms: { type: 'string', default: '3000' },
      shards: { type: 'string', default: '1,2' },
      clients: { type: 'string', default: '32' },
      repetitions: { type: 'string', default: '3' },
    },
  });
  const shardCounts = values.shards.split(',').map(Number);
  console.log('| key | shards | handshakes/s | server CPU µs each | of it the primary µs |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const key of KEYS) {
    const pair = createPair(key);
    const runs = new Map<number, Run[]>(shardCounts.map((shards) => [shards, []]));
    // In turns, so that a machine that changes its pace changes it for all.
    for (let i = 0; i < Number(values.repetitions); i++) {
      for (const [shards, done] of runs) {
        done.push(await measure(pair, shards, Number(values.clients), Number(values.ms)));
      }
    }
    for (const [shards, done] of runs) {
      const columns = (['perSecond', 'all', 'primary'] as const).map((column) =>
        medianOf(done, (run) => run[column])?.[column].toFixed(0),
      );
      console.log(`| ${key} | ${shards} | ${columns.join(' | ')} |`);
    }
  }
}

async function measure(pair: Pair, shards: number, clients: number, ms: number): Promise<Run> {
  const server = fork(fileURLToPath(import.meta.url), { stdio: 'inherit' });
  const exit = once(server, 'exit');
  const asked = async (message: object): Promise<unknown> => {
    const answer = once(server, 'message');
    server.send(message);
    return (await answer)[0];
  };
  const port = (await asked({ ...pair, shards })) as number;
  const target = parseTarget(`wss://127.0.0.1:${port}/echo`, { insecure: true });
  let done = 0;
  let isOver = false;
  const loops = Array.from({ length: clients }, async () => {
    for (; !isOver; done++) await open(target);
  });
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const before = (await asked({})) as Usage;
  const startedAt = performance.now();
  const first = done;
  await new Promise((resolve) => setTimeout(resolve, ms));
  const count = done - first;
  const seconds = (performance.now() - startedAt) / 1000;
  const after = (await asked({})) as Usage;
  isOver = true;
  await Promise.all(loops);
  server.disconnect();
  await exit;
  return {
    perSecond: count / seconds,
    all: (after.all - before.all) / count,
    primary: (after.primary - before.primary) / count,
  };
}

/** One connection, from TCP to the 101. */
async function open(target: LoadTarget): Promise<void> {
  const connection = new LoadConnection(target, 0, { onMessage: () => {}, onLost: () => {} });
  await connection.opened;
  connection.destroy();
  await connection.ended;
}

function createPair(algorithm: string): Pair {
  const folder = mkdtempSync(join(tmpdir(), 'fanring-tls-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const curve = algorithm === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:prime256v1'] : [];
  const files = ['-keyout', key, '-out', cert, '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', '-x509', '-newkey', algorithm, ...curve, '-nodes', ...files], {
    stdio: 'ignore',
  });
  const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return pair;
}

/** The server's process: the first message says how, each further one asks for its usage. */
async function serve(): Promise<void> {
  const [{ key, cert, shards }] = (await once(process, 'message')) as [Pair & { shards: number }];
  const engine = new Engine({ shards });
  engine.server({ endpoint: '/echo', handlers: new URL('./endpoints/native.ts', import.meta.url) });
  const { port } = await engine.listen(0, { host: '127.0.0.1', tls: { key, cert } });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const own = process.threadCpuUsage();
    process.send?.({ all: user + system, primary: own.user + own.system } satisfies Usage);
  });
  process.send?.(port);
  process.once('disconnect', () => void engine.close());
}
