import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { SpareDescriptor } from '../../../src/main/place/spare-descriptor.ts';

/** A process with so many free descriptors, or an error for each that it opens. */
function processWith(free: number, code = 'EMFILE') {
  const state = { free };
  const spare = new SpareDescriptor(
    () => {
      if (state.free === 0) throw Object.assign(new Error(code), { code });
      state.free -= 1;
      return 7;
    },
    () => {
      state.free += 1;
    },
  );
  return { state, spare };
}

test('a descriptor is free while it is lent, and kept back again behind that', () => {
  const { state, spare } = processWith(1);
  spare.keep();
  assert.equal(state.free, 0);
  for (let i = 0; i < 2; i++) {
    assert.equal(spare.lend(), true);
    assert.equal(state.free, 1);
    spare.keep();
    assert.equal(state.free, 0);
  }
  spare.release();
  assert.equal(state.free, 1);
});

test('where descriptors have run out none is lent, until one is free again', () => {
  const { state, spare } = processWith(0);
  assert.equal(spare.lend(), false);
  state.free = 1;
  assert.equal(spare.lend(), true);
});

test('where none may be opened sockets move without', () => {
  const { spare } = processWith(0, 'ERR_ACCESS_DENIED');
  assert.equal(spare.lend(), true);
  spare.keep();
  assert.equal(spare.lend(), true);
});
