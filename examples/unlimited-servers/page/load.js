import { element } from './element.js';
import { Sparkline } from './sparkline.js';

const POINTS = 60;

/** By shard: they outlast the cards that they are in. */
const meters = new Map();

/** The charts of one shard. */
export function meterOf(shard) {
  if (!meters.has(shard)) meters.set(shard, new Meter());
  return meters.get(shard).element;
}

/** @param {object[]} loads of all shards, as the server's `load` event has them */
export function showLoad(loads) {
  for (const load of loads) meters.get(load.shard)?.show(load);
}

/** How busy one shard is: figures, and how they have been. */
class Meter {
  #busy = new Bar('busy', 'share of its time, lately, in which this thread has been at work');
  #delivered = new Figure('delivered', 'messages delivered, a second');
  #lag = new Figure(
    'lag',
    'how long half of all messages are on their way to this thread, at most',
  );
  #connections = new Figure('connections', 'connections of this shard, of all servers');
  element = element(
    'dl',
    { className: 'meter' },
    ...[this.#busy, this.#delivered, this.#lag, this.#connections].map((part) => part.element),
  );

  show({ busy, delivered, lag, connections }) {
    this.#busy.show(busy);
    this.#delivered.show(delivered, `${Math.round(delivered).toLocaleString('en')}/s`);
    this.#lag.show(lag.p50, `${lag.p50.toFixed(2)} ms`);
    this.#connections.show(connections, `${connections}`);
  }
}

/** A share of one whole. */
class Bar {
  #text = element('dd', {}, '…');
  element;

  constructor(name, title) {
    this.element = element(
      'div',
      { className: 'busy', title },
      element('dt', {}, name),
      this.#text,
    );
  }

  /** @param {number} share 0 to 1 */
  show(share) {
    this.#text.textContent = `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
    this.element.style.setProperty('--share', `${share}`);
  }
}

class Figure {
  #text = element('dd', {}, '…');
  #line = new Sparkline(POINTS);
  element;

  constructor(name, title) {
    this.element = element(
      'div',
      { title },
      element('dt', {}, name),
      this.#text,
      this.#line.element,
    );
  }

  show(value, text) {
    this.#text.textContent = text;
    this.#line.add(value);
  }
}
