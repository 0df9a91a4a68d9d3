// Express 5: the app answers HTTP, the engine has its endpoints, both on one port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { Engine } from '../../src/main/index.ts'; // an app imports from 'fanring'

const app = express();
app.get('/', (_request, response) => {
  response.type('html').send('<!doctype html><script src="/iris-ws.js"></script>A chat: /chat');
});
app.get('/iris-ws.js', (_request, response) => {
  response.sendFile(fileURLToPath(import.meta.resolve('fanring/iris-ws.js')));
});

const engine = new Engine({ shards: Number(process.env.SHARDS ?? 2) });
const chat = engine.server({ endpoint: '/chat' });
chat.onConnection((c) => {
  c.join('room');
  c.on('chat', (text) => c.to('room').emit('chat', `${c.id}: ${text}`));
});

// What happens over HTTP is told to everyone in the room.
app.post('/say/:text', (request, response) => {
  chat.to('room').emit('chat', request.params.text);
  response.sendStatus(204);
});

// Or, without a server of your own: await engine.listen(8080, { request: app })
const server = createServer(app);
await engine.attach(server);
server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/ (Express)`);
});

process.on('SIGTERM', async () => {
  server.close(); // what is being answered is answered …
  setTimeout(() => server.closeAllConnections(), 5_000).unref(); // … within this time
  await engine.close(); // takes its listeners off the server, and closes its connections
});
