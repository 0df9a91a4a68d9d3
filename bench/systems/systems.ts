import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DialectName } from '../load/dialect.ts';

/** A server to measure: a program that prints `{ port, pid }` in one line when it listens. */
export interface System {
  /** How it is called in filters and results. */
  readonly id: string;
  readonly title: string;
  readonly dialect: DialectName;
  readonly command: string;
  readonly args: readonly string[];
  /** A file without which it is not installed. */
  readonly needs?: string;
  /** A measure for the others rather than something that one would use. */
  readonly control?: boolean;
  /** The scenarios that it is for; by default all. */
  readonly scenarios?: readonly string[];
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const BUN = path('../node_modules/@oven/bun-linux-x64/bin/bun');

function fanring(shards: number, handlers: 'shard' | 'primary'): System {
  const place = handlers === 'shard' ? 'handlers in shards' : 'closures';
  return {
    id: `fanring-${shards}-${handlers}`,
    title: `fanring, ${shards} shard${shards === 1 ? '' : 's'}, ${place}`,
    dialect: 'native',
    command: process.execPath,
    args: [
      path('../server.ts'),
      '--port=0',
      '--host=127.0.0.1',
      `--shards=${shards}`,
      `--handlers=${handlers}`,
    ],
  };
}

function bare(threads: number): System {
  return {
    id: `bare-${threads}-thread`,
    title: `control: ${threads} thread${threads === 1 ? '' : 's'} that only read and write`,
    dialect: 'native',
    command: process.execPath,
    args: [path('./bare-server.ts'), `--threads=${threads}`],
    control: true,
    scenarios: ['broadcast-500-64-1', 'broadcast-500-64-32', 'echo-1', 'echo-16', 'open', 'idle'],
  };
}

/** Everything that is measured side by side, in this order. */
export const SYSTEMS: readonly System[] = [
  fanring(2, 'shard'),
  fanring(1, 'shard'),
  fanring(2, 'primary'),
  fanring(1, 'primary'),
  {
    id: 'ws',
    title: 'ws, client.send for each',
    dialect: 'native',
    command: process.execPath,
    args: [path('./ws-server.ts')],
  },
  {
    id: 'socket.io',
    title: 'socket.io',
    dialect: 'socket.io',
    command: process.execPath,
    args: [path('./socket-io-server.ts')],
    needs: path('../node_modules/socket.io'),
  },
  {
    id: 'bun',
    title: 'Bun',
    dialect: 'native',
    command: BUN,
    args: [path('./bun-server.ts')],
    needs: BUN,
  },
  {
    id: 'node-write',
    title: 'control: one write of a ready frame for each',
    dialect: 'native',
    command: process.execPath,
    args: [path('./ws-server.ts'), '--ready-frames'],
    control: true,
  },
  bare(2),
  bare(1),
];

/** Whether a scenario is for a system. */
export function isFor({ scenarios }: System, scenario: string): boolean {
  return scenarios === undefined || scenarios.includes(scenario);
}

/** Whether a system can be run here. */
export function isInstalled({ needs }: System): boolean {
  return needs === undefined || existsSync(needs);
}
