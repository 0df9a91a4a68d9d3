import { keepConnected } from './connection.js';
import { byId, element, paint, shardLabel } from './element.js';
import { showLoad } from './load.js';
import { showShards } from './overview.js';
import { recall, remember } from './session.js';

const ROOMS = ['lobby', 'kitchen', 'workshop'];
const MAX_LINES = 200;
const TYPING_EVERY = 1_500;
const TYPING_LASTS = 3_000;

const log = byId('log');
/** Who is in the room, by id. */
const people = new Map();
/** Who types, by id, with the timer that forgets it. */
const typists = new Map();

let ws;
/** '' until the server has welcomed this connection. */
let ownId = '';
let room = recall('room', ROOMS[0]);
let name = recall('name', '') || randomName();
let openRooms = [];
let typingSaidAt = Number.NEGATIVE_INFINITY;

/** Starts the chat: its forms, and its connection. */
export function startChat() {
  remember('name', name);
  byId('name').value = name;
  byId('room').value = room || ROOMS[0];
  byId('enter').addEventListener('submit', onEnter);
  byId('leave').addEventListener('click', () => leave());
  byId('say').addEventListener('submit', onSay);
  byId('text').addEventListener('input', onInput);
  showRooms();
  showPeople();
  keepConnected('chat', listen, { auth: token });
}

/** The client asks for one at each attempt to connect, and when the server wants a newer one. */
async function token() {
  const answer = await fetch('/token');
  return answer.text();
}

function listen(connection) {
  ws = connection;
  ws.on('welcome', ({ id, visits }) => {
    ownId = id;
    note(visits === 1 ? 'Welcome!' : `Welcome: visit ${visits} of this browser`);
    if (room !== '') ws.emit('enter', { name, room });
  });
  ws.on('here', (everybody) => {
    people.clear();
    for (const person of everybody) people.set(person.id, person);
    note(`You are in #${room}`);
    showPeople();
  });
  ws.on('joined', (person) => {
    people.set(person.id, person);
    note(`${person.name} joined`);
    showPeople();
  });
  ws.on('left', (person) => {
    if (!people.delete(person.id)) return;
    stopTyping(person.id);
    note(`${person.name} left`);
    showPeople();
  });
  ws.on('said', (message) => {
    stopTyping(message.from.id);
    showMessage(message);
  });
  ws.on('typing', (id) => {
    if (id !== ownId && people.has(id)) startTyping(id);
  });
  ws.on('load', showLoad);
  ws.on('overview', ({ shards, rooms }) => {
    showShards(shards, ownId);
    openRooms = rooms;
    showRooms();
  });
  ws.onDisconnect(() => {
    ownId = '';
    people.clear();
    showPeople();
  });
}

function enter(nextRoom) {
  room = nextRoom;
  remember('room', room);
  byId('room').value = room;
  if (ownId !== '') ws.emit('enter', { name, room }); // else it will, once it is welcome
  showRooms();
}

function leave() {
  note(`You left #${room}`);
  room = '';
  remember('room', room);
  ws.emit('leave');
  people.clear();
  showPeople();
  showRooms();
}

function onEnter(event) {
  event.preventDefault();
  name = byId('name').value.trim();
  remember('name', name);
  const wanted = byId('room').value.trim();
  if (name !== '' && wanted !== '') enter(wanted);
}

function onSay(event) {
  event.preventDefault();
  const text = byId('text').value.trim();
  const target = byId('target').value;
  if (text === '' || target === '') return;
  if (target === 'room') {
    ws.emit('say', text); // comes back: we are a member of the room
  } else if (target === 'others') {
    ws.emit('shout', text);
    note(`To everyone but you: ${text}`);
  } else {
    ws.emit('whisper', { to: target, text });
    note(`To ${people.get(target)?.name} alone: ${text}`);
  }
  byId('text').value = '';
  typingSaidAt = Number.NEGATIVE_INFINITY;
}

function onInput() {
  const now = performance.now();
  if (byId('target').value !== 'room' || now - typingSaidAt < TYPING_EVERY) return;
  typingSaidAt = now;
  ws.volatile.emit('typing'); // of no use later, should the connection be lost just now
}

function showMessage({ from, to, text }) {
  const audience = { room: '', others: 'to everyone else', you: 'to you alone' }[to];
  const line = element(
    'div',
    { className: from.id === ownId ? 'message own' : 'message' },
    avatar(from),
    element(
      'div',
      { className: 'bubble' },
      element('p', { className: 'from' }, from.name, shardLabel(from.shard), audience),
      element('p', { className: 'text' }, text),
    ),
  );
  addLine(line);
}

function note(text) {
  addLine(element('p', { className: 'note' }, text));
}

function addLine(line) {
  // Whoever reads further up is not to be carried away.
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(line);
  while (log.children.length > MAX_LINES) log.firstElementChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function showRooms() {
  const names = new Set([...ROOMS, ...openRooms.map((open) => open.room)]);
  if (room !== '') names.add(room);
  const buttons = [...names].map((each) => {
    const count = openRooms.find((open) => open.room === each)?.people ?? 0;
    const button = element(
      'button',
      { type: 'button', className: 'chip', 'aria-pressed': `${each === room}` },
      `#${each}`,
      element('span', { className: 'count', title: 'people' }, `${count}`),
    );
    button.addEventListener('click', () => enter(each));
    return element('li', {}, button);
  });
  byId('rooms').replaceChildren(...buttons);
  byId('leave').disabled = room === '';
}

function showPeople() {
  const everybody = [...people.values()];
  const items = everybody.map((person) =>
    element(
      'li',
      {},
      avatar(person),
      element('span', {}, person.id === ownId ? `${person.name} (you)` : person.name),
      shardLabel(person.shard, `${person.shard}`),
    ),
  );
  byId('people').replaceChildren(...items);
  showTargets(everybody.filter(({ id }) => id !== ownId));
}

function showTargets(others) {
  const select = byId('target');
  const chosen = select.value;
  const options = others.map((person) => new Option(`${person.name}, alone`, person.id));
  options.unshift(new Option('everyone but me', 'others'));
  if (room !== '') options.unshift(new Option(`#${room}`, 'room'));
  select.replaceChildren(...options);
  if (options.some(({ value }) => value === chosen)) select.value = chosen;
}

function startTyping(id) {
  stopTyping(id);
  typists.set(id, setTimeout(stopTyping, TYPING_LASTS, id));
  showTypists();
}

function stopTyping(id) {
  clearTimeout(typists.get(id));
  if (typists.delete(id)) showTypists();
}

function showTypists() {
  const names = [...typists.keys()].map((id) => people.get(id)?.name ?? 'Somebody');
  byId('typing').textContent = names.length > 0 ? `${names.join(', ')} typing …` : '';
}

function avatar({ name: whose, shard }) {
  const initials = whose.split(/\s+/, 2).map((word) => [...word][0]);
  const circle = element('span', { className: 'avatar', 'aria-hidden': 'true' }, initials.join(''));
  return paint(circle, shard);
}

function randomName() {
  const pick = (words) => words[Math.floor(Math.random() * words.length)];
  const nature = pick(['Brave', 'Calm', 'Clever', 'Gentle', 'Lucky', 'Merry', 'Quick', 'Quiet']);
  return `${nature} ${pick(['Badger', 'Crane', 'Fox', 'Hare', 'Heron', 'Lynx', 'Otter', 'Wren'])}`;
}
