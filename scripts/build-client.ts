import { mkdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { BUILT_CLIENT_SCRIPT, clientScriptHead } from '../src/main/client-script.ts';
import { DEFAULT_EVENT_PREFIX } from '../src/shared/text-codec.ts';

/**
 * Bundles the browser client into one classic script, with the default event prefix at its head.
 * @returns its text
 */
export async function bundleClient(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../src/client/iris-ws.ts', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2020',
    // Assigning a field is smaller than defining it, and means the same here.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    banner: { js: clientScriptHead(DEFAULT_EVENT_PREFIX).trimEnd() },
    footer: { js: '})();' },
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error('esbuild made no output');
  return output.text;
}

/** Writes the script to where servers read it, and prints how large it is. */
export async function buildClient(): Promise<void> {
  const script = await bundleClient();
  // At once: a server or a test may be reading it.
  const half = new URL(`${BUILT_CLIENT_SCRIPT}.${process.pid}`);
  await mkdir(new URL('.', BUILT_CLIENT_SCRIPT), { recursive: true });
  await writeFile(half, script);
  await rename(half, BUILT_CLIENT_SCRIPT);
  const gzipped = gzipSync(script, { level: 9 }).length;
  console.log(`iris-ws.js: ${script.length} bytes, ${gzipped} gzipped`);
}

if (import.meta.main) await buildClient();
