/**
 * Makes an element. Strings become text nodes, so that nothing anybody types is ever markup.
 * @param {string} tag
 * @param {Record<string, unknown>} properties of the element, such as className; data-* and aria-*
 *   are set as attributes
 * @param {...(Node | string)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-')) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** The element of the page that has this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** The label of a shard, in the colour that it has all over the page. */
export function shardLabel(shard, text = `shard ${shard}`) {
  return paint(element('span', { className: 'shard' }, text), shard);
}

/** Gives an element the colour of a shard: steps of the golden angle, so that neighbours differ. */
export function paint(target, shard) {
  target.style.setProperty('--hue', `${(117.5 + shard * 137.5) % 360}`);
  target.dataset.shard = shard;
  return target;
}
