// Fastify 5: it has an http.Server of its own, and the engine is attached to that.
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { Engine } from '../../src/main/index.ts'; // an app imports from 'fanring'

const fastify = Fastify({ forceCloseConnections: true });
const script = readFileSync(new URL(import.meta.resolve('fanring/iris-ws.js')));
fastify.get('/', (_request, reply) => {
  reply.type('text/html').send('<!doctype html><script src="/iris-ws.js"></script>A chat: /chat');
});
fastify.get('/iris-ws.js', (_request, reply) => {
  reply.type('text/javascript').send(script);
});

const engine = new Engine({ shards: Number(process.env.SHARDS ?? 2) });
const chat = engine.server({ endpoint: '/chat' });
chat.onConnection((c) => {
  c.join('room');
  c.on('chat', (text) => c.to('room').emit('chat', `${c.id}: ${text}`));
});

// What happens over HTTP is told to everyone in the room.
fastify.post<{ Params: { text: string } }>('/say/:text', (request, reply) => {
  chat.to('room').emit('chat', request.params.text);
  reply.code(204).send();
});

await fastify.ready();
await engine.attach(fastify.server);
const url = await fastify.listen({ port: Number(process.env.PORT ?? 8080) });
console.log(`${url}/ (Fastify)`);

process.on('SIGTERM', async () => {
  await engine.close(); // takes its listeners off the server, and closes its connections
  await fastify.close();
});
