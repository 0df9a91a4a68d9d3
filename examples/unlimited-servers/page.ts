import { readdirSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FOLDER = new URL('./page/', import.meta.url);

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Read once, by their own names: what a request asks for never gets near the file system. */
const FILES = new Map(
  readdirSync(FOLDER)
    .filter((name) => !name.endsWith('.js'))
    .map((name) => {
      return [name === 'index.html' ? '/' : `/${name}`, file(name, readFileSync(at(name)))];
    }),
);

// An app bundles its scripts, and `fanring/client` with them.
const { outputFiles } = await build({
  entryPoints: [fileURLToPath(at('app.js'))],
  bundle: true,
  format: 'esm',
  write: false,
});
for (const { contents } of outputFiles) FILES.set('/app.js', file('app.js', contents));

function at(name: string): URL {
  return new URL(name, FOLDER);
}

function file(name: string, body: Uint8Array) {
  return { type: TYPES[extname(name)], body };
}

const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Answers plain HTTP with the files of the page. */
export const answerPage: RequestListener = (request, response) => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...HEADERS, Allow: 'GET, HEAD' }).end();
    return;
  }
  const [path = ''] = (request.url ?? '').split('?');
  const file = FILES.get(path);
  if (file === undefined) {
    response.writeHead(404, { ...HEADERS, 'Content-Type': 'text/plain' }).end('Not Found');
    return;
  }
  const { type = 'application/octet-stream', body } = file;
  response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
};
