import { Ws } from '../../../src/client/index.ts';
import { byId, paint } from './element.js';

const MESSAGE_TOO_BIG = 1009; // RFC 6455 section 7.4.1
const MAX_DELAY = 10_000;

/**
 * Keeps a connection to one of the servers: when it is lost the client connects anew, and has another
 * id then and maybe another shard. Shows its state, and its shard once the server has said it; controls
 * that are of no use without it are disabled.
 * @param {string} name of the server, which is its endpoint without the slash
 * @param {(ws: Ws) => void} setUp says what to do with a new client
 * @param {object} options of the client
 */
export function keepConnected(name, setUp, options = {}) {
  const view = byId(`${name}-connection`);
  const [state, shard, button] = view.querySelectorAll('.state, .shard, button');
  const controls = document.querySelectorAll(`[data-needs=${name}]`);
  // Who has said too much would only say it again: the user decides.
  const shouldReconnect = ({ code }) => code !== MESSAGE_TOO_BIG;
  const reconnect = { maxDelayMs: MAX_DELAY, shouldReconnect };

  function connect() {
    show('connecting', 'connecting');
    const ws = new Ws(`/${name}`, null, { reconnect, ...options });
    ws.onConnect(() => show('open', 'connected'));
    ws.on('welcome', (welcome) => {
      shard.textContent = `shard ${welcome.shard}`;
      shard.hidden = false;
      paint(shard, welcome.shard);
    });
    ws.onDisconnect(({ code, willReconnect }) => {
      show('closed', `closed (${code})`);
      button.hidden = willReconnect;
    });
    ws.onError((error) => {
      if (error.code !== 'ERR_ATTEMPT') console.error(error); // the next attempt is shown anyway
    });
    ws.onReconnecting(({ attempt, reason }) => {
      show('closed', `closed (${reason.code}), attempt ${attempt}`);
    });
    setUp(ws);
  }

  function show(kind, text) {
    view.dataset.state = kind;
    state.textContent = text;
    button.hidden = true;
    if (kind !== 'open') shard.hidden = true;
    for (const control of controls) control.disabled = kind !== 'open';
  }

  button.addEventListener('click', connect);
  connect();
}
