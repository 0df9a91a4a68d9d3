// The peer `ws`. With `--ready-frames` it is a control row: it receives by `ws`, but sends as Node.js
// itself does, one write of one ready frame for each socket, without batching.
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { buildFrame } from '../../src/shared/codec/frame.ts';

const MIB = 2 ** 20;
const ECHO = 0x21; // '!'
const readyFrames = process.argv.includes('--ready-frames');

const rooms = new Map<string, Set<WebSocket>>();

/** Where the room is in the URL, as in fanring's bench server. */
function roomOf(url: string | undefined): Set<WebSocket> {
  const name = new URL(url ?? '/', 'http://host').searchParams.get('room') ?? 'room1';
  const members = rooms.get(name) ?? new Set();
  rooms.set(name, members);
  return members;
}

function publish(members: Set<WebSocket>, data: Buffer, binary: boolean): void {
  if (!readyFrames) {
    for (const client of members) client.send(data, { binary });
    return;
  }
  const frame = buildFrame(binary ? data : data.toString());
  for (const client of members) {
    (client as unknown as { readonly _socket: Socket })._socket.write(frame);
  }
}

const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  perMessageDeflate: false,
  maxPayload: 16 * MIB,
});
server.on('connection', (client, request) => {
  const members = roomOf(request.url);
  members.add(client);
  client.on('error', () => {});
  client.on('close', () => members.delete(client));
  client.on('message', (data: Buffer, binary) => {
    if (data[0] === ECHO) client.send(data, { binary });
    else publish(members, data, binary);
  });
});
server.on('listening', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, pid: process.pid }));
});
process.once('disconnect', () => process.exit());
