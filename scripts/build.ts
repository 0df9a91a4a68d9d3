import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { MSGPACK_MODULE } from '../src/main/script/client-script.ts';
import { buildClient } from './build-client.ts';

const PROJECT = new URL('../tsconfig.build.json', import.meta.url);
const DIST = new URL('../dist/', import.meta.url);
const SERVED = ['iris-ws.js', MSGPACK_MODULE];
const TSC = new URL('bin/tsc', import.meta.resolve('typescript/package.json'));

// What was built from sources that are gone must not be packed. The browser scripts alone stay where
// they are until new ones take their place: a server may be reading them.
for (const name of await readdir(DIST).catch(() => [])) await remove(new URL(name, DIST));
await buildClient();
execFileSync(process.execPath, [fileURLToPath(TSC), '--project', fileURLToPath(PROJECT)], {
  stdio: 'inherit',
});
for (const layer of ['main', 'workers', 'shared', 'emitter', 'load', 'asyncapi'])
  await printSize(layer);

async function remove(layer: URL): Promise<void> {
  if (!layer.pathname.endsWith('/client')) {
    await rm(layer, { recursive: true });
    return;
  }
  for (const name of await readdir(layer)) {
    if (!SERVED.includes(name)) await rm(new URL(`${layer}/${name}`), { recursive: true });
  }
}

/** Prints how much JavaScript a layer has. */
async function printSize(layer: string): Promise<void> {
  const folder = new URL(`${layer}/`, DIST);
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.js'));
  const scripts = await Promise.all(names.map((name) => readFile(new URL(name, folder))));
  const script = Buffer.concat(scripts);
  const gzipped = gzipSync(script, { level: 9 }).length;
  console.log(`${layer}: ${names.length} files, ${script.length} bytes, ${gzipped} gzipped`);
}
