import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The machine in one line. */
export function machine(): string {
  const { length } = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${length} cores (${cpus()[0]?.model.trim()}), ${memory} GB, ${type()} ${release()}`;
}

/** The commit that was measured, with a mark where files have been changed since. */
export function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
  } catch {
    return 'unknown';
  }
}

/** The versions of what is measured, as far as it is installed. */
export function versions(): Record<string, string> {
  const found: Record<string, string> = { 'Node.js': process.version.slice(1) };
  const packages = {
    ws: 'node_modules/ws',
    'socket.io': 'bench/node_modules/socket.io',
    Bun: 'bench/node_modules/@oven/bun-linux-x64',
  };
  for (const [name, folder] of Object.entries(packages)) {
    try {
      found[name] = JSON.parse(readFileSync(`${ROOT}${folder}/package.json`, 'utf8')).version;
    } catch {
      // not installed: it was said, and skipped
    }
  }
  return found;
}
