import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readNfsFile } from '../../../src/service/nfs/nfs-file.ts';
import { systemClock } from '../../../src/std/clock.ts';
import { SpareError } from '../../../src/std/errors.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const ACCEPTED = '00000001 00000000 00000000 00000000 00000000';
const READ_OK = `${ACCEPTED} 00000000 00000000 00000003 00000018 00000000 0000000f 00000000 00000019 00000000`;

/** A server that answers every record with what `answer` gives for its xid, in hexadecimal. */
async function withServer<T>(
  answer: (socket: Socket, xid: string) => void,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => answer(socket, Buffer.from(chunk).subarray(4, 8).toString('hex')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

function marked(text: string): Buffer {
  const message = hex(text);
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(0x8000_0000 + message.length);
  return Buffer.concat([mark, message]);
}

async function failure(promise: Promise<unknown>): Promise<SpareError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, SpareError);
    return error as SpareError;
  }
  throw new Error('It should have failed');
}

const probe = suite('readNfsFile');
const read = (port: number, timeout_ms = 100_000) =>
  readNfsFile({ address: '127.0.0.1', port, path: '/identity', timeout_ms });

probe('reads a file that arrives in pieces', async () => {
  const content = await withServer((socket, xid) => {
    const bytes = marked(`${xid} ${READ_OK} 00000001 00000005 68656c6c6f000000`);
    socket.write(bytes.subarray(0, 9));
    systemClock.after(20, () => socket.write(bytes.subarray(9)));
  }, read);
  assert.is(content.toString(), 'hello');
});

const silence = () => {};
const failures: [code: string, answer: (socket: Socket, xid: string) => void][] = [
  [
    'NFS4ERR_NOENT',
    (socket, xid) =>
      socket.write(marked(`${xid} ${ACCEPTED} 00000002 00000000 00000002 00000018 00000000 0000000f 00000002`)),
  ],
  ['AUTH_TOOWEAK', (socket, xid) => socket.write(marked(`${xid} 00000001 00000001 00000001 00000005`))],
  ['NFS_BAD_ANSWER', (socket) => socket.write(marked(`00000000 ${ACCEPTED}`))],
  ['NFS_BAD_ANSWER', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['NFS_BAD_ANSWER', (socket, xid) => socket.write(marked(`${xid} ${READ_OK} 00000000 00000000`))],
  ['NFS_UNREACHABLE', (socket) => socket.end()],
  ['NFS_UNREACHABLE', silence],
];
for (const [index, [code, answer]] of failures.entries()) {
  probe(`fails with ${code} (${index})`, async () => {
    // Only who says nothing is to be given up: all others are heard, however long that takes.
    const timeout_ms = answer === silence ? 300 : undefined;
    const error = await withServer(answer, (port) => failure(read(port, timeout_ms)));
    assert.is(error.code, code);
    assert.is(error.kind, 'unreachable');
  });
}

probe('fails at once where nothing listens', async () => {
  const port = await withServer(
    () => {},
    async (taken) => taken,
  );
  assert.is((await failure(read(port))).code, 'NFS_UNREACHABLE');
});

probe('comes from a reserved port when it may', async () => {
  if (process.getuid?.() !== 0) return;
  let from = 0;
  await withServer((socket, xid) => {
    from = socket.remotePort ?? 0;
    socket.write(marked(`${xid} ${READ_OK} 00000001 00000000`));
  }, read);
  assert.ok(from >= 665 && from < 1024, `port ${from}`);
});
// Only root may make namespaces without further ado.
const asRoot = process.getuid?.() === 0 ? probe : probe.skip;

asRoot('leaves nothing behind where nobody answers: the process can end at once', () => {
  const program = fileURLToPath(import.meta.resolve('../../fixtures/service/read-from-nobody.ts'));
  // Packets arrive at an interface to which they are not addressed.
  const script = `ip link add near type veth peer name far; ip link set far up; ip link set near up
    ip address add 10.99.0.1/24 dev near; ip neighbour add 10.99.0.2 lladdr 02:00:00:00:00:02 dev near; exec "$@"`;
  const argv = ['--net', 'sh', '-ec', script, 'sh', process.execPath, '--disable-warning=ExperimentalWarning', program];
  // The kernel gives up a connection after 127 s.
  const said = execFileSync('unshare', [...argv, '10.99.0.2'], { encoding: 'utf8', timeout: 100_000 });
  assert.is(said.trim(), 'NFS_UNREACHABLE');
});

probe.run();
