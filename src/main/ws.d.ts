import 'ws';

// Exported by ws 8.19 and later, missing in @types/ws.
declare module 'ws' {
  /** The Sec-WebSocket-Protocol header. */
  export const subprotocol: {
    /** @throws SyntaxError where it is malformed or names a protocol twice */
    parse(header: string): Set<string>;
  };

  /** The Sec-WebSocket-Extensions header. */
  export const extension: {
    /**
     * Returns the offers under each name, in order; for each parameter its values, `true` for none.
     * @throws SyntaxError where it is malformed
     */
    parse(header: string): Record<string, Record<string, (string | true)[]>[]>;
  };
}
