import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { chooseDeflate } from '../../../src/main/admit/deflate-offers.ts';

const ANY = { serverMaxWindowBits: undefined };

function bits(serverMaxWindowBits: number) {
  return { serverMaxWindowBits };
}

for (const [header, terms] of [
  ['permessage-deflate', ANY],
  ['permessage-deflate; server_no_context_takeover', ANY],
  ['permessage-deflate; client_no_context_takeover', ANY],
  ['permessage-deflate; client_max_window_bits', ANY],
  ['permessage-deflate; client_max_window_bits=8', ANY],
  ['permessage-deflate; client_max_window_bits=15', ANY],
  ['permessage-deflate; server_max_window_bits=9', bits(9)],
  ['permessage-deflate; server_max_window_bits=15', bits(15)],
  ['permessage-deflate; server_max_window_bits="10"', bits(10)],
  ['permessage-deflate ;client_max_window_bits ; server_max_window_bits=12', bits(12)],
  ['x-other, permessage-deflate', ANY],
  [', permessage-deflate,\t,', ANY],
  ['permessage-deflate; client_max_window_bits = 15', ANY],
  ['permessage-deflate; server_max_window_bits\t= "10"', bits(10)],
  ['x-other; permessage-deflate', undefined],
  ['permessage-deflate; server_max_window_bits=10, permessage-deflate', bits(10)],
  ['permessage-deflate, permessage-deflate; server_max_window_bits=10', ANY],
  ['permessage-deflate; server_max_window_bits=16, permessage-deflate', ANY],
  ['permessage-deflate; x, permessage-deflate; server_max_window_bits=11', bits(11)],
] as const) {
  test(`of the offers ${header} ${terms ? `the first good one is taken` : 'none is taken'}`, () => {
    assert.deepEqual(chooseDeflate(header), terms);
  });
}

for (const parameters of [
  'unknown',
  'unknown=1',
  'server_no_context_takeover=true',
  'client_no_context_takeover=1',
  'server_no_context_takeover; server_no_context_takeover',
  'client_max_window_bits; client_max_window_bits',
  'server_max_window_bits',
  'server_max_window_bits=7',
  'server_max_window_bits=8', // allowed, but more than zlib can
  'server_max_window_bits=16',
  'server_max_window_bits=010',
  'server_max_window_bits=0x0f',
  'server_max_window_bits=1e1',
  'server_max_window_bits=ten',
  'server_max_window_bits=9; server_max_window_bits=9',
  'client_max_window_bits=7',
  'client_max_window_bits=16',
  'client_max_window_bits=09',
  '__proto__=1',
  'Server_No_Context_Takeover',
]) {
  test(`an offer with ${parameters} is declined, not failed`, () => {
    assert.equal(chooseDeflate(`permessage-deflate; ${parameters}`), undefined);
  });
}

test('without an offer nothing is agreed on', () => {
  assert.equal(chooseDeflate(undefined), undefined);
  assert.equal(chooseDeflate('permessage-bzip2'), undefined);
  assert.equal(chooseDeflate('Permessage-Deflate'), undefined);
});

for (const header of [
  '',
  ',',
  ';',
  'permessage-deflate;',
  'permessage-deflate; a="',
  'ü',
  'a; =1',
]) {
  test(`a header that is none fails the upgrade: ${JSON.stringify(header)}`, () => {
    assert.throws(() => chooseDeflate(header), { status: 400 });
  });
}
