import { keepConnected } from './connection.js';
import { byId, element } from './element.js';
import { recall, remember } from './session.js';
import { Sparkline } from './sparkline.js';

const POINTS = 60;

const watched = new Set(recall('symbols', ['COFFEE', 'GOLD', 'WHEAT', 'ZINC']));
/** What is shown of the symbols that are watched, by symbol. */
const quotes = new Map();
let ws;

/** Starts the ticker: its connection, and a button for each symbol that the server has. */
export function startTicker() {
  keepConnected('ticker', (connection) => {
    ws = connection;
    ws.on('welcome', ({ symbols }) => {
      byId('symbols').replaceChildren(...symbols.map(symbolButton));
      for (const symbol of symbols) if (watched.has(symbol)) watch(symbol);
    });
    ws.on('price', ({ symbol, price }) => quotes.get(symbol)?.show(price));
  });
}

function symbolButton(symbol) {
  const isWatched = `${watched.has(symbol)}`;
  const properties = { type: 'button', className: 'chip', 'aria-pressed': isWatched };
  const button = element('button', properties, symbol);
  button.addEventListener('click', () => {
    if (watched.has(symbol)) unwatch(symbol);
    else watch(symbol);
    button.setAttribute('aria-pressed', `${watched.has(symbol)}`);
    remember('symbols', [...watched]);
  });
  return element('li', {}, button);
}

/** Enters the room of a symbol; after a reconnection, again. */
function watch(symbol) {
  watched.add(symbol);
  ws.emit('watch', symbol);
  if (quotes.has(symbol)) return;
  const quote = new Quote(symbol);
  quotes.set(symbol, quote);
  byId('quotes').append(quote.element);
}

function unwatch(symbol) {
  watched.delete(symbol);
  ws.emit('unwatch', symbol);
  quotes.get(symbol)?.element.remove();
  quotes.delete(symbol);
}

/** The price of one symbol, and how it has moved since it has been watched. */
class Quote {
  element;
  #price = element('span', { className: 'price' }, '…');
  #change = element('span', { className: 'change' });
  #line = new Sparkline(POINTS);
  #first;

  constructor(symbol) {
    const name = element('span', { className: 'symbol' }, symbol);
    const parts = [name, this.#price, this.#line.element, this.#change];
    this.element = element('li', { className: 'quote' }, ...parts);
  }

  show(price) {
    this.#first ??= price;
    const change = (price / this.#first - 1) * 100;
    this.element.dataset.trend = change < 0 ? 'down' : 'up';
    this.#price.textContent = price.toFixed(2);
    this.#change.textContent = `${change < 0 ? '▼' : '▲'} ${Math.abs(change).toFixed(2)} %`;
    this.#line.add(price);
  }
}
