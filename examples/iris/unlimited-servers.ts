// The example `websocket_unlimited_servers` of iris: two servers in one process, each for itself.
import { Engine } from '../../src/main/index.ts'; // an app imports from 'fanring'
import { type ChatEvents, enterRoom } from './chat-room.ts';
import { servePages } from './pages.ts';

const engine = new Engine({ shards: Number(process.env.SHARDS ?? 2) });

const first = engine.server<ChatEvents>({ endpoint: '/my_endpoint' });
first.onConnection(enterRoom);

// Its room has the name of the other's, and none of its members.
const second = engine.server<ChatEvents>({
  endpoint: '/my_second_endpoint',
  eventPrefix: 'my-second-prefix:',
  maxMessageSize: 256,
});
second.onConnection(enterRoom);

// The script behind an endpoint has that server's prefix.
await servePages(engine, {
  '/': {
    title: 'The first server',
    endpoint: first.endpoint,
    script: `${first.endpoint}/iris-ws.js`,
  },
  '/second': {
    title: 'The second server',
    endpoint: second.endpoint,
    script: `${second.endpoint}/iris-ws.js`,
  },
});
