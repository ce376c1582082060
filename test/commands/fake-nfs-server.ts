import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const NFS_PORT = 2049;
/** Operations of NFSv4 (RFC 7530 §16). */
const [PUTROOTFH, LOOKUP, READ] = [24, 15, 25];

/** An NFSv4 server that answers every read with what `content` says: what a client sees of a volume that is served (RFC 5531 §9, RFC 7530 §16). */
export async function fakeNfsServer(address: string, content: () => string, depth: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // A client that was killed must not keep it from being closed.
    socket.unref();
    socket.on('data', (call: Buffer) => socket.write(answer(call.subarray(4, 8), content(), depth)));
  }).listen(NFS_PORT, address);
  server.unref();
  await once(server, 'listening');
  return server;
}

function answer(xid: Buffer, content: string, depth: number): Buffer {
  const data = Buffer.alloc(Math.ceil(content.length / 4) * 4);
  data.write(content);
  const accepted = [1, 0, 0, 0, 0];
  const lookups = Array.from({ length: depth }, () => [LOOKUP, 0]).flat();
  const compound = [0, 0, depth + 2, PUTROOTFH, 0, ...lookups, READ, 0, 1, content.length];
  const body = Buffer.concat([xid, words([...accepted, ...compound]), data]);
  return Buffer.concat([words([0x8000_0000 + body.length]), body]);
}

function words(values: readonly (number | undefined)[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value ?? 0, index * 4);
  return bytes;
}
