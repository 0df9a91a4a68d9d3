import { byId, paint } from './element.js';

const MESSAGE_TOO_BIG = 1009; // RFC 6455 section 7.4.1
const MAX_DELAY = 10_000;

/**
 * Keeps a connection to one of the servers: when it is lost there will be another one, with another
 * id and maybe on another shard. Shows its state, and its shard once the server has said it; controls that
 * are of no use without it are disabled.
 * @param {string} name of the server, which is its endpoint without the slash
 * @param {(ws: Ws) => void} setUp says what to do with each new connection
 */
export function keepConnected(name, setUp) {
  const view = byId(`${name}-connection`);
  const [state, shard, button] = view.querySelectorAll('.state, .shard, button');
  const controls = document.querySelectorAll(`[data-needs=${name}]`);
  let attempts = 0;
  let timer;

  function connect() {
    clearTimeout(timer);
    show('connecting', 'connecting');
    const ws = new Ws(`/${name}`, null, { reconnect: false }); // this function does it
    ws.onConnect(() => {
      attempts = 0;
      show('open', 'connected');
    });
    ws.on('welcome', (welcome) => {
      shard.textContent = `shard ${welcome.shard}`;
      shard.hidden = false;
      paint(shard, welcome.shard);
    });
    ws.onDisconnect(({ code }) => {
      show('closed', `closed (${code})`);
      // Who has said too much would only say it again: the user decides.
      if (code !== MESSAGE_TOO_BIG) timer = setTimeout(connect, delay());
    });
    setUp(ws);
  }

  /** Longer with each failure, and not the same for all tabs that a restart has cut off. */
  function delay() {
    return Math.min(MAX_DELAY, 500 * 2 ** attempts++) * (0.5 + Math.random() / 2);
  }

  function show(kind, text) {
    view.dataset.state = kind;
    state.textContent = text;
    button.hidden = kind !== 'closed';
    if (kind !== 'open') shard.hidden = true;
    for (const control of controls) control.disabled = kind !== 'open';
  }

  button.addEventListener('click', connect);
  connect();
}
