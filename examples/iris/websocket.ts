// The example `websocket` of iris: a chat room, and what comes with a request.
import { Engine } from '../../src/main/index.ts'; // an app imports from 'fanring'
import { type ChatEvents, enterRoom } from './chat-room.ts';
import { servePages } from './pages.ts';
import { printHeaders } from './print-headers.ts';

const engine = new Engine({ shards: Number(process.env.SHARDS ?? 2) });

const ws = engine.server<ChatEvents>({ endpoint: '/my_endpoint' });
ws.onConnection((c) => {
  printHeaders(c); // all of them are there until onConnection returns
  enterRoom(c);
});

await servePages(engine, {
  '/': { title: 'A chat room', endpoint: '/my_endpoint', script: '/iris-ws.js' },
});
