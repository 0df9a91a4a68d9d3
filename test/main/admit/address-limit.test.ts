import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AddressLimit } from '../../../src/main/admit/address-limit.ts';

test('an IPv4 address is its own network, an IPv6 one belongs to its /64', () => {
  const networks = [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.2', '192.0.2.2'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['fe80::1:2:3:4:5', 'fe80:0:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
  ] as const;
  for (const [address, network] of networks) {
    const limit = new AddressLimit(1);
    assert.equal(limit.tryEnter(address), true);
    for (const [other, otherNetwork] of networks) {
      const isElsewhere = otherNetwork !== network;
      assert.equal(limit.tryEnter(other), isElsewhere, `${other} behind ${address}`);
      if (isElsewhere) limit.leave(other);
    }
  }
});

test('those that are being let in count, and those that are in', () => {
  const limit = new AddressLimit(2);
  assert.equal(limit.tryEnter('a'), true);
  assert.equal(limit.tryEnter('a'), true);
  assert.equal(limit.tryEnter('a'), false);
  assert.equal(limit.tryEnter('b'), true, 'each address has its own');
  limit.enter('a');
  limit.leave('a');
  assert.equal(limit.tryEnter('a'), false, 'one is in, one is being let in');
  limit.leave('a');
  assert.equal(limit.tryEnter('a'), true, 'that one was refused');
  limit.leave('a');
  limit.leave('a');
  for (const entered of [true, true, false]) assert.equal(limit.tryEnter('a'), entered);
});

test('where there is no address, as on a Unix socket, nobody is counted', () => {
  const limit = new AddressLimit(1);
  for (let i = 0; i < 3; i++) assert.equal(limit.tryEnter(''), true);
});
