// An http.Server of your own with an upgrade listener of its own: the engine takes its endpoints.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Engine } from '../../src/main/index.ts'; // an app imports from 'fanring'

const script = readFileSync(new URL(import.meta.resolve('fanring/iris-ws.js')));

const server = createServer((request, response) => {
  if (request.url !== '/iris-ws.js') response.end('A chat is at /chat.\n');
  else response.setHeader('Content-Type', 'text/javascript').end(script);
});
server.on('upgrade', ({ url }, socket) => {
  // Each listener gets each upgrade: look for your own.
  if (url === '/mine') socket.end('HTTP/1.1 418 Mine\r\nConnection: close\r\n\r\n');
});

const engine = new Engine({ shards: Number(process.env.SHARDS ?? 2) });
const chat = engine.server({ endpoint: '/chat' });
chat.onConnection((c) => {
  c.join('room');
  c.on('chat', (text) => c.to('room').emit('chat', `${c.id}: ${text}`));
});
await engine.attach(server);

server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/ (http)`);
});

process.on('SIGTERM', async () => {
  server.close(); // what is being answered is answered …
  setTimeout(() => server.closeAllConnections(), 5_000).unref(); // … within this time
  await engine.close(); // takes its listeners off the server, and closes its connections
});
