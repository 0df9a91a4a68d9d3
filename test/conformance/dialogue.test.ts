import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { addServer, SETUPS, withEngine } from '../end-to-end/kit/test-engine.ts';
import { close, firstText, hex, last, more, ping, pong, text } from './client-frames.ts';
import { Conversation } from './conversation.ts';
import { PLEASE_CLOSE } from './echo.ts';

const ECHO = new URL('./echo.ts', import.meta.url);
const PATIENT = { closeTimeout: 60_000, pongTimeout: 600_000 };

/** Ends the client's side of TCP. */
const END = null;

/** What a client sends, and what it waits for before it goes on: strings are a server's bytes. */
type Dialogue = readonly (Buffer | string | null)[];

const echoOf = (letters: string) => `81 0${letters.length} ${Buffer.from(letters).toString('hex')}`;
const PONG_P = '8a 01 70';
const CLOSE_1000 = '88 02 03e8';
const ask = text(PLEASE_CLOSE);
/** 4321, 'as you please' */
const SERVERS_CLOSE = `88 0f 10e1 ${Buffer.from('as you please').toString('hex')}`;

/** Where it matters when something is said; each ends with the end of TCP by the server. */
const DIALOGUES: Readonly<Record<string, Dialogue>> = {
  'messages are answered one by one': [
    ...Array.from({ length: 50 }, (_, i) => [text(`${i % 10}`), echoOf(`${i % 10}`)]).flat(),
    ...[close(1000), CLOSE_1000],
  ],
  'a ping is answered at once, between fragments': [
    ...[firstText('a'), ping('p'), PONG_P, more('b'), ping('p'), PONG_P],
    ...[last('c'), echoOf('abc'), close(1000), CLOSE_1000],
  ],
  'a ping is answered at once, whatever pongs came': [
    ...[pong('p'), pong(''), ping('p'), PONG_P, close(1000), CLOSE_1000],
  ],
  'a ping is answered at once, behind half a frame': [
    ...[text('abc').subarray(0, 7), text('abc').subarray(7), ping('p').subarray(0, 3)],
    ...[echoOf('abc'), ping('p').subarray(3), PONG_P, close(1000), CLOSE_1000],
  ],
  'text that is not UTF-8 is refused before its message ends': [
    ...[firstText('κόσμε'), ping('p'), PONG_P, more(hex('f490')), '88 02 03ef'],
  ],
  'text that is not UTF-8 is refused before its frame ends': [
    ...[firstText('κ'), ping('p'), PONG_P, last(hex('cebaf4909090')).subarray(0, 10), '88 02 03ef'],
  ],
  'a close is answered within an unfinished message': [firstText('a'), close(1000), CLOSE_1000],
  'a client that closes may be answered with what it has asked for': [
    ...[Buffer.concat([text('a'), text('b'), close(1000)]), echoOf('a'), echoOf('b'), CLOSE_1000],
  ],
  'a client that has ended its side is answered all the same': [
    ...[Buffer.concat([text('a'), close(1000)]), END, echoOf('a'), CLOSE_1000],
  ],
  'a client that ends its side without a word is left without one': [END],
  'a server that closes ends with whoever only ends its side': [ask, SERVERS_CLOSE, END],
  'a server that closes waits for the answer': [ask, SERVERS_CLOSE, close(4321)],
  'a server that closes takes any code for an answer': [ask, SERVERS_CLOSE, close(1000, 'why')],
  'a server that closes takes an answer without a code': [
    ask,
    SERVERS_CLOSE,
    hex('88 80 00000000'),
  ],
  'a server that closes answers nothing that still comes': [
    ...[ask, SERVERS_CLOSE, text('a'), ping('p'), firstText('b'), close(4321)],
  ],
  'a server that closes ends with whoever breaks a rule': [ask, SERVERS_CLOSE, hex('83')],
};

for (const { place, shards } of SETUPS) {
  test(`what is said in turn: ${place}, ${shards} shards`, async (t) => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, ECHO, { endpoint: '/echo', ...PATIENT });
      for (const [title, dialogue] of Object.entries(DIALOGUES)) {
        await t.test(title, async () => {
          const conversation = await Conversation.open(port, '/echo');
          for (const step of dialogue) {
            if (step === END) conversation.end();
            else if (typeof step !== 'string') conversation.send(step);
            else assert.deepEqual(await conversation.next(hex(step).length), hex(step));
          }
          assert.deepEqual(await conversation.rest(), Buffer.alloc(0));
        });
      }
    });
  });
}
