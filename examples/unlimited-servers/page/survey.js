import { keepConnected } from './connection.js';
import { byId, element, shardLabel } from './element.js';
import { recall } from './session.js';

/** Long enough for a server that restarts: until then a question waits for a connection. */
const PATIENCE = 30_000;

/** The colour of this tab: three bytes. */
const colour = crypto.getRandomValues(new Uint8Array(3));
let ws;
let ownId = '';
let ownShard = 0;

/** Starts the questions: the buttons that ask, what this tab answers, and its connection. */
export function startSurvey() {
  byId('inspect').addEventListener('click', () => ask(inspect));
  byId('survey').addEventListener('click', () => ask(survey));
  keepConnected('survey', setUp, { codec: 'msgpack' });
}

function setUp(connection) {
  ws = connection;
  ws.on('welcome', ({ id, shard }) => {
    ownId = id;
    ownShard = shard;
  });
  // What a listener returns is the answer.
  ws.on('sample', () => ({ name: recall('name', ''), shard: ownShard, ...sample() }));
}

/** What JSON would not bring over. */
function sample() {
  return { at: new Date(), colour, nanoseconds: BigInt(Date.now()) * 1_000_000n };
}

async function ask(question) {
  const isOffline = ws.state !== 'connected';
  show(isOffline ? 'No connection: the question waits for one.' : 'Asked …');
  try {
    await question(performance.now());
  } catch ({ code, message }) {
    show(code ?? message);
  }
}

/** Asks the shard what it makes of a few values. */
async function inspect(askedAt) {
  const { shard, types, back } = await ws.emitWithAck('inspect', sample(), { timeoutMs: PATIENCE });
  const rows = Object.entries(back).map(([name, value]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', {}, element('code', {}, types[name])),
      element('td', {}, value instanceof Uint8Array ? swatch(value) : '', textOf(value)),
    ),
  );
  byId('inspection').replaceChildren(...rows);
  show(`Shard ${shard} answered in ${since(askedAt)}: it saw these types, and sent all back.`);
}

/** Asks the shard what all tabs answer. */
async function survey(askedAt) {
  const { answers, silent } = await ws.emitWithAck('survey', undefined, { timeoutMs: PATIENCE });
  const shards = new Set(answers.map(({ shard }) => shard));
  byId('answers').replaceChildren(...answers.map(answerItem));
  const missing = silent > 0 ? `; ${silent} did not` : '';
  const who = `${count(answers.length, 'tab')} on ${count(shards.size, 'shard')}`;
  show(`${who} answered in ${since(askedAt)}${missing}.`);
}

function answerItem({ id, name, shard, at, colour: bytes }) {
  return element(
    'li',
    {},
    swatch(bytes),
    element('span', {}, id === ownId ? `${name} (you)` : name),
    element('time', { dateTime: at.toISOString() }, textOf(at)),
    shardLabel(shard),
  );
}

function swatch(bytes) {
  const square = element('span', { className: 'swatch', 'aria-hidden': 'true' });
  square.style.setProperty('--colour', `rgb(${bytes.join(' ')})`);
  return square;
}

/** A value that has come back, as what it is. */
function textOf(value) {
  if (value instanceof Date) return value.toISOString().slice(11, 23);
  if (typeof value === 'bigint') return `${value}n`;
  return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function show(text) {
  byId('survey-state').textContent = text;
}

function since(time) {
  return `${(performance.now() - time).toFixed(1)} ms`;
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
