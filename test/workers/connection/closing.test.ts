import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { DisconnectReason } from '../../../src/shared/api/public-types.ts';
import { Closing } from '../../../src/workers/connection/closing.ts';

const CLOSE_TIMEOUT = 1000; // ms

/** A connection whose handlers are elsewhere, and whose frames leave at once. */
function openClosing() {
  const log: string[] = [];
  const socket = {
    batch: undefined,
    queue: (frame: Buffer) => log.push(`send ${frame.readUInt16BE(2)}`),
    sendKept: () => log.push('kept'),
    conclude: ({ code }: DisconnectReason) => {
      log.push(`conclude ${code}`);
      return false;
    },
  };
  const transport = { end: () => log.push('end'), destroy: () => log.push('destroy') };
  const closing = new Closing(socket, transport);
  /** What can happen to it. */
  const happen = {
    opened: () => closing.opened(),
    disconnect: () => closing.disconnect(4001, ''),
    dismiss: () => closing.disconnect(4002, '', true),
    clientEnds: () => closing.clientEnds(4000, { code: 4000, reason: '' }),
    concluded: () => closing.concluded(),
    terminate: () => closing.terminate(),
    socketEnded: () => closing.socketEnded(),
    socketClosed: () => closing.socketClosed(),
    sweep: () => closing.sweep(performance.now() + CLOSE_TIMEOUT + 1, CLOSE_TIMEOUT),
  };
  const state = () => {
    if (closing.isOpen) return closing.isOpening ? 'opening' : 'open';
    if (closing.takesFrames) return 'answering';
    return closing.isEnding ? 'ending' : 'over'; // closing, or closed
  };
  return { closing, log, happen, state };
}

type Event = keyof ReturnType<typeof openClosing>['happen'];

const CLOSES_IT = ['kept', 'send 4001', 'conclude 4001'];
const CLIENT_ENDS_IT = ['kept', 'conclude 4000'];
const BREAKS = 'conclude 1006';

/** In each state: how it comes about, and what each event makes of it and does. */
const STATES: readonly [
  name: string,
  events: readonly Event[],
  then: Partial<Record<Event, [state: string, ...log: string[]]>>,
][] = [
  [
    'opening',
    [],
    {
      opened: ['open'],
      disconnect: ['over', ...CLOSES_IT],
      clientEnds: ['answering', ...CLIENT_ENDS_IT],
      concluded: ['opening'],
      terminate: ['ending', BREAKS, 'destroy'],
      socketEnded: ['answering', 'kept', BREAKS],
      socketClosed: ['over', BREAKS],
    },
  ],
  [
    'open',
    ['opened'],
    {
      opened: ['open'],
      disconnect: ['over', ...CLOSES_IT],
      clientEnds: ['answering', ...CLIENT_ENDS_IT],
      concluded: ['open'],
      terminate: ['ending', BREAKS, 'destroy'],
      socketEnded: ['answering', 'kept', BREAKS],
      socketClosed: ['over', BREAKS],
    },
  ],
  [
    'closing',
    ['opened', 'disconnect'],
    {
      opened: ['over'],
      disconnect: ['over'],
      clientEnds: ['ending', 'end'],
      concluded: ['over'],
      terminate: ['over', 'destroy'],
      socketEnded: ['ending', 'end'],
      socketClosed: ['over'],
      sweep: ['over', 'destroy'],
    },
  ],
  [
    'answering',
    ['opened', 'clientEnds'],
    {
      opened: ['answering'],
      disconnect: ['answering'],
      clientEnds: ['answering'],
      concluded: ['ending', 'send 4000', 'end'],
      terminate: ['answering', 'destroy'],
      socketEnded: ['answering'],
      socketClosed: ['over'],
      sweep: ['ending', 'send 4000', 'end'],
    },
  ],
  [
    'answering, without a Close',
    ['opened', 'socketEnded'],
    {
      opened: ['answering'],
      disconnect: ['answering'],
      clientEnds: ['answering'],
      concluded: ['ending', 'end'],
      terminate: ['answering', 'destroy'],
      socketEnded: ['answering'],
      socketClosed: ['over'],
      sweep: ['ending', 'end'],
    },
  ],
  [
    'answering, ahead of its own Close',
    ['opened', 'dismiss'],
    {
      opened: ['answering'],
      disconnect: ['answering'],
      clientEnds: ['answering'],
      concluded: ['over', 'send 4002'],
      terminate: ['answering', 'destroy'],
      socketEnded: ['answering'],
      socketClosed: ['over'],
      sweep: ['over', 'send 4002'],
    },
  ],
  [
    'answering, where both end it',
    ['opened', 'dismiss', 'clientEnds'],
    { concluded: ['ending', 'send 4002', 'end'], sweep: ['ending', 'send 4002', 'end'] },
  ],
  [
    'closing, behind the answers',
    ['opened', 'dismiss', 'concluded'],
    { concluded: ['over'], clientEnds: ['ending', 'end'], sweep: ['over', 'destroy'] },
  ],
  [
    'ending',
    ['opened', 'clientEnds', 'concluded'],
    {
      opened: ['ending'],
      disconnect: ['ending'],
      clientEnds: ['ending'],
      concluded: ['ending'],
      terminate: ['ending', 'destroy'],
      socketEnded: ['ending', 'end'],
      socketClosed: ['over'],
      sweep: ['ending', 'destroy'],
    },
  ],
  [
    'closed',
    ['opened', 'disconnect', 'socketClosed'],
    {
      opened: ['over'],
      disconnect: ['over'],
      clientEnds: ['over'],
      concluded: ['over'],
      socketClosed: ['over'],
    },
  ],
];

for (const [name, events, then] of STATES) {
  test(`whatever happens in the state ${name}, one thing follows`, () => {
    for (const [event, expected] of Object.entries(then)) {
      const { log, happen, state } = openClosing();
      for (const before of events) happen[before]();
      log.length = 0;
      happen[event as Event]();
      assert.deepEqual([state(), ...log], expected, event);
    }
  });
}

test('a connection that is closed while it opens stays closed when its handlers know of it', () => {
  const { log, happen, state } = openClosing();
  happen.disconnect();
  happen.opened();
  assert.deepEqual([state(), ...log], ['over', ...CLOSES_IT]);
});

for (const end of ['disconnect', 'dismiss', 'clientEnds', 'socketEnded', 'terminate'] as const) {
  test(`${end} does not end its opening, and closeTimeout begins behind that`, () => {
    const { closing, log, happen } = openClosing();
    happen[end]();
    log.length = 0;
    assert.equal(closing.isOpening, true);
    happen.sweep();
    assert.deepEqual([closing.isOpening, ...log], [true]);
    happen.opened();
    assert.equal(closing.isOpening, false);
    closing.sweep(performance.now() + CLOSE_TIMEOUT - 100, CLOSE_TIMEOUT);
    assert.deepEqual(log, []);
    happen.sweep();
    assert.notDeepEqual(log, []);
  });
}
