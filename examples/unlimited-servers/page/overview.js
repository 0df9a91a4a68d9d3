import { byId, element, paint } from './element.js';
import { meterOf } from './load.js';

let shown = '';

/**
 * Shows the shards with their connections and the tabs that talk through them.
 * @param {object} shards as the server's `overview` event has them
 * @param {string} ownId of this tab's connection to the chat
 */
export function showShards(shards, ownId) {
  const state = JSON.stringify([shards, ownId]);
  if (state === shown) return; // most of the time nothing has moved
  shown = state;
  byId('shards').replaceChildren(...shards.map((shard) => shardCard(shard, ownId)));
}

function shardCard({ shard, connections, tabCount, tabs }, ownId) {
  const chips = tabs.map(({ id, name }) => tabChip(name, id === ownId));
  if (tabCount > tabs.length) chips.push(element('li', {}, `and ${tabCount - tabs.length} more`));
  const card = element(
    'li',
    { className: 'shard-card' },
    element('h3', {}, `Shard ${shard}`),
    element('p', {}, `${count(tabCount, 'tab')} · ${count(connections, 'connection')}`),
    meterOf(shard),
    element('ul', { className: 'chips', 'aria-label': `Tabs on shard ${shard}` }, ...chips),
  );
  return paint(card, shard);
}

function tabChip(name, isOwn) {
  const text = name === '' ? '…' : name;
  if (!isOwn) return element('li', { className: 'tab' }, text);
  return element('li', { className: 'tab own' }, `${text} (you)`);
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
