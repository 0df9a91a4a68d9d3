import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Engine } from '../../src/main/index.ts';

const CLIENT = readFileSync(new URL('./client.html', import.meta.url), 'utf8');
const require = createRequire(import.meta.url);
const JQUERY = readFileSync(require.resolve('jquery')); // the classic script

/** A page that talks to one server. */
export interface Page {
  readonly title: string;
  /** The server's endpoint. */
  readonly endpoint: string;
  /** Path of the client script that the page loads. */
  readonly script: string;
}

/**
 * Listens at PORT, answers with pages until the process is asked to end, and prints the URL.
 * @param pages by their paths
 */
export async function servePages(engine: Engine, pages: Record<string, Page>): Promise<void> {
  const entries = Object.entries(pages);
  const links = entries.map(([path, { title }]) => `<a href="${path}">${title}</a>`);
  const files = new Map<string | undefined, { type: string; body: string | Buffer }>([
    ['/jquery.js', { type: 'text/javascript', body: JQUERY }],
  ]);
  for (const [path, page] of entries) {
    const fields: Record<string, string> = {
      ...page,
      links: links.length > 1 ? links.join(' · ') : '',
    };
    const body = CLIENT.replace(/\{\{(\w+)\}\}/g, (_, name: string) => fields[name] ?? '');
    files.set(path, { type: 'text/html', body });
  }

  const { port } = await engine.listen(Number(process.env.PORT ?? 8080), {
    request: ({ method, url }, response) => {
      const file = files.get(url);
      if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { Allow: 'GET, HEAD' });
      else if (file === undefined) response.writeHead(404);
      else response.writeHead(200, { 'Content-Type': `${file.type}; charset=utf-8` });
      response.end(response.statusCode === 200 ? file?.body : undefined);
    },
  });
  console.log(`http://localhost:${port}/ (iris)`);

  const stop = () => engine.close(); // then nothing keeps the process
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
