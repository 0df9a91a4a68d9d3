// The peer Bun: run by Bun, not by Node.js.
interface Client {
  readonly data: { readonly room: string };
  subscribe(room: string): void;
  send(message: string | Uint8Array): number;
}

interface BunServer {
  readonly port: number;
  upgrade(request: Request, options: { readonly data: Client['data'] }): boolean;
  publish(room: string, message: string | Uint8Array): number;
}

declare const Bun: { serve(options: object): BunServer };

const MIB = 2 ** 20;
const ECHO = 0x21; // '!'

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request: Request, self: BunServer) {
    const room = new URL(request.url).searchParams.get('room') ?? 'room1';
    return self.upgrade(request, { data: { room } })
      ? undefined
      : new Response('Upgrade Required', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    maxPayloadLength: 16 * MIB,
    backpressureLimit: 64 * MIB,
    idleTimeout: 120,
    open: (client: Client) => client.subscribe(client.data.room),
    message(client: Client, message: string | Uint8Array) {
      const first = typeof message === 'string' ? message.charCodeAt(0) : message[0];
      if (first === ECHO) client.send(message);
      else server.publish(client.data.room, message);
    },
  },
});
console.log(JSON.stringify({ port: server.port, pid: process.pid }));
process.once('disconnect', () => process.exit());
