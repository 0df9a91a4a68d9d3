import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { pathOf } from '../../src/main/accept/request-target.ts';
import { checkHandshake, connectionRequest } from '../../src/main/admit/handshake-check.ts';
import { checkOrigin } from '../../src/main/admit/origin-check.ts';
import { Refusal } from '../../src/shared/api/refusal.ts';
import { requests } from './hostile-requests.ts';
import type { FuzzTarget } from './target.ts';

const PROTOCOLS = ['fanring.text.v1', 'fanring.msgpack.v1', ''];
const COMPRESSION = { threshold: 0, level: 1 };
const CONFIG = { protocols: [], codec: 'negotiate', compression: COMPRESSION } as const;

/** Each decision on an upgrade is a yes or a refusal; what is kept of it can cross threads. */
export const upgradeTarget: FuzzTarget = {
  name: 'upgrade decisions',
  share: 145,
  property: () =>
    fc.property(requests, ({ headers, ...rest }) => {
      // As the parser has it: what there is twice it joins, or takes the first of; one is a list.
      const joined: Record<string, string | string[]> = {};
      for (const [name, value] of headers) {
        joined[name.toLowerCase()] ??= name === 'set-cookie' ? [value] : value;
      }
      const socket = { remoteAddress: '::ffff:10.0.0.1' };
      const parsed = { ...rest, headers: joined, rawHeaders: headers.flat(), socket };
      const request = parsed as unknown as IncomingMessage;
      const path = pathOf(rest.url);
      assert.ok(path === undefined || path.startsWith('/') || !rest.url.startsWith('/'));
      try {
        const { key, protocol, codec, deflate } = checkHandshake(request, CONFIG);
        assert.ok([undefined, 9].includes(deflate?.serverMaxWindowBits));
        assert.equal(Buffer.from(key, 'base64').length, 16);
        assert.ok(PROTOCOLS.includes(protocol) && (codec === 0 || codec === 1));
        const kept = connectionRequest(request);
        assert.deepEqual(structuredClone(kept), kept);
        for (const origins of ['same-host', '*', ['http://a']] as const) checkOrigin(kept, origins);
      } catch (thrown) {
        assert.ok(thrown instanceof Refusal, String(thrown));
      }
    }),
};
