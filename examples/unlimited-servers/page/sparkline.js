const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 120;
const HEIGHT = 32;

/** A small chart of the last values, for the eye only: what it says must stand beside it as text. */
export class Sparkline {
  element = make('svg', {
    class: 'sparkline',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  #area = make('path', { class: 'area' });
  #line = make('polyline', { 'vector-effect': 'non-scaling-stroke' });
  #values = [];
  #capacity;

  /** @param {number} capacity how many values it shows; older ones go */
  constructor(capacity) {
    this.#capacity = capacity;
    this.element.append(this.#area, this.#line);
  }

  /** @param {number} value */
  add(value) {
    this.#values.push(value);
    if (this.#values.length > this.#capacity) this.#values.shift();
    if (this.#values.length < 2) return; // no line yet
    const points = this.#points();
    this.#line.setAttribute('points', points);
    this.#area.setAttribute('d', `M0,${HEIGHT}L${points}L${WIDTH},${HEIGHT}Z`);
  }

  #points() {
    const low = Math.min(...this.#values);
    const span = Math.max(...this.#values) - low || 1;
    const at = (value, i) => {
      const x = (i / (this.#values.length - 1)) * WIDTH;
      const y = HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    };
    return this.#values.map(at).join(' ');
  }
}

function make(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
