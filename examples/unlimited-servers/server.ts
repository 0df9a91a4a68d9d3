// An app imports from 'fanring'; this example belongs to its repository.
import { All, Engine } from '../../src/main/index.ts';
import { enterChat, overview } from './chat.ts';
import { type ChatEvents, chatSchemas } from './chat-events.ts';
import { MAX_ECHO } from './echo.ts';
import { admitGuest, answerToken, type Guest } from './guests.ts';
import { LoadMeter } from './load.ts';
import { answerPage } from './page.ts';
import type { SurveyEvents } from './survey.ts';
import { SYMBOLS, type TickerEvents } from './ticker.ts';

const { PORT = 8080, SHARDS = 4 } = process.env;

const engine = new Engine({ shards: Number(SHARDS), sampleInterval: 250 });

// Closures, here on the primary: they share what they know, such as who is in which room. Schemas
// check what pages send. A token lets them in, and is renewed while they stay.
const chat = engine.server<ChatEvents, Guest>({
  endpoint: '/chat',
  events: chatSchemas,
  authorize: admitGuest,
  maxMessageSize: 4096,
});
chat.onConnection(enterChat);

// A handler module: it runs in every shard, next to the sockets. One room for each symbol.
const ticker = engine.server<TickerEvents>({
  endpoint: '/ticker',
  handlers: new URL('./ticker.ts', import.meta.url),
  maxMessageSize: 128,
  maxRooms: SYMBOLS.length,
});

// Another one, with limits and headers of its own.
engine.server({
  endpoint: '/echo',
  handlers: new URL('./echo.ts', import.meta.url),
  headers: { 'X-Echo': 'as it came' },
  maxMessageSize: MAX_ECHO,
  pongTimeout: 20_000,
});

// Questions and answers, in the codec that each page asks for: this one asks for msgpack.
engine.server<SurveyEvents>({
  endpoint: '/survey',
  handlers: new URL('./survey.ts', import.meta.url),
  codec: 'negotiate',
});

// Rooms are open to the server too: no connection is needed to send to them.
const prices = new Map(SYMBOLS.map((symbol) => [symbol, 20 + Math.random() * 200]));
const clock = setInterval(() => {
  for (const [symbol, last] of prices) {
    const price = last * (1 + (Math.random() - 0.5) / 80);
    prices.set(symbol, price);
    ticker.to(symbol).emit('price', { symbol, price });
  }
  chat.to(All).emit('overview', overview(engine.shards));
}, 500);

// What the page draws of each shard is what `/metrics` tells Prometheus.
const meter = new LoadMeter();
const metering = setInterval(() => {
  engine.stats().then(
    (stats) => chat.to(All).emit('load', meter.read(stats)),
    () => {}, // the engine is closing
  );
}, 500);

const answerMetrics = engine.metricsHandler();
const { port } = await engine.listen(Number(PORT), {
  request: (request, response) => {
    if (request.url === '/metrics') answerMetrics(request, response);
    else if (request.url === '/token') answerToken(request, response);
    else answerPage(request, response);
  },
});
console.log(`http://localhost:${port}/ (${engine.shards.length} shards)`);

async function stop(): Promise<void> {
  clearInterval(clock);
  clearInterval(metering);
  await engine.close(); // every connection is closed with 1001; then nothing keeps the process
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
