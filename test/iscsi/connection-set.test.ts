import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConnectionSet } from '../../src/iscsi/connection-set.ts';
import { Target } from '../../src/iscsi/target.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';
import { SocketInitiator } from '../fixtures/iscsi/socket-initiator.ts';
import { directoryOf } from '../fixtures/iscsi/test-initiator.ts';

interface Context {
  server: Server;
  address: string;
  connections: ConnectionSet;
  target: Target;
}

const test = suite<Context>('ConnectionSet');

test.before.each(async (context) => {
  context.target = new Target({ name: 'iqn.2026-11.test:set', lun: 1, deviceServer: new MemoryDisk(8), fenced: false });
  context.connections = new ConnectionSet({
    directory: directoryOf(context.target),
    pingInterval_ms: undefined,
    report: () => {},
  });
  context.server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(context.server, 'listening');
  context.address = `127.0.0.1:${(context.server.address() as { port: number }).port}`;
});
test.after.each(async ({ server, connections }) => {
  server.close();
  await connections.close();
});

test('a socket that waited, with a part of what came in its buffer and a part read by somebody else, loses nothing', async (context) => {
  const { server, address, connections, target } = context;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const initiator = new SocketInitiator(address);
  const loggedIn = initiator.login(target.name);
  const [socket] = await accepted;
  // The first half is taken by somebody, as the portal of all hosts does; the rest comes while nobody listens.
  await once(socket, 'readable');
  const first: Buffer = socket.read(20);
  await new Promise((resolve) => setTimeout(resolve, 50));
  connections.adopt(socket, first);
  assert.ok(await loggedIn);
  assert.is(target.sessions.size, 1);
  initiator.socket.destroy();
});

test('a peer that went while its socket waited is forgotten', async ({ server, address, connections }) => {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const initiator = new SocketInitiator(address);
  const [socket] = await accepted;
  initiator.socket.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  connections.adopt(socket);
  const begun = performance.now();
  await connections.close();
  assert.ok(performance.now() - begun < 1_000, 'somebody is waited for who is not there');
});

test.run();
