import { keepConnected } from './connection.js';
import { byId, element } from './element.js';
import { Sparkline } from './sparkline.js';

const BURST = 100;
const FIRST_BURST = 20;
const MAX_LINES = 5;

const line = new Sparkline(BURST);
/** What has been sent and is not back yet; it comes back in this order. */
let pending = [];
/** The last round-trip times, in milliseconds. */
const times = [];
let limit = 0;
let ws;

/** Starts the echo: its forms, and its connection. */
export function startEcho() {
  byId('rtt-line').append(line.element);
  byId('call').addEventListener('submit', onCall);
  byId('burst').addEventListener('click', () => burst(BURST));
  byId('too-much').addEventListener('click', () => send('x'.repeat(limit + 1), show));
  keepConnected('echo', (connection) => {
    ws = connection;
    ws.on('welcome', (welcome) => {
      ({ limit } = welcome);
      byId('limit').textContent = `${limit}`;
      burst(FIRST_BURST);
    });
    ws.onMessage(onEcho);
    ws.onDisconnect(({ code }) => {
      for (const { text } of pending) show(text, `refused: closed with ${code}`);
      pending = [];
    });
  });
}

function onCall(event) {
  event.preventDefault();
  send(byId('echo-text').value, show);
}

/** Sends small messages one by one, each when the one before it is back. */
function burst(count) {
  const startedAt = performance.now();
  let left = count;
  function next() {
    left -= 1;
    if (left >= 0) send('ping', next);
    else show(`${count} round trips`, milliseconds(performance.now() - startedAt));
  }
  next();
}

function send(text, onBack) {
  pending.push({ text, onBack, sentAt: performance.now() });
  ws.volatile.emitMessage(text); // now or never: what has waited would have no time
}

function onEcho(text) {
  const { onBack, sentAt } = pending.shift();
  const time = performance.now() - sentAt;
  times.push(time);
  if (times.length > BURST) times.shift();
  line.add(time);
  showTimes();
  onBack(text, milliseconds(time));
}

function showTimes() {
  const sorted = times.toSorted((a, b) => a - b);
  const rank = (share) => milliseconds(sorted[Math.ceil(sorted.length * share) - 1]);
  byId('last-rtt').textContent = milliseconds(times.at(-1));
  byId('median-rtt').textContent = rank(0.5);
  byId('p99-rtt').textContent = rank(0.99);
}

function show(text, outcome) {
  const shown = text.length > 40 ? `${text.slice(0, 30)}… (${text.length} characters)` : text;
  byId('echoes').prepend(
    element(
      'p',
      {},
      element('span', {}, shown),
      element('span', { className: 'outcome' }, outcome),
    ),
  );
  while (byId('echoes').children.length > MAX_LINES) byId('echoes').lastElementChild.remove();
}

function milliseconds(time) {
  return `${time.toFixed(1)} ms`;
}
