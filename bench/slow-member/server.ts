import { Engine } from '../../src/main/index.ts';

// The server under test, in a process of its own: one endpoint for each answer to slow members.
const engine = new Engine({ shards: 2 });
engine.on('error', (error) => console.error(error));
const handlers = new URL('./handlers.ts', import.meta.url);
for (const slowConsumer of ['close', 'drop', 'latest'] as const) {
  engine.server({ endpoint: `/${slowConsumer}`, slowConsumer, handlers, maxMessageSize: 65_536 });
}
const { port } = await engine.listen(0, { host: '127.0.0.1' });
process.send?.(port);
process.on('disconnect', () => void engine.close());
