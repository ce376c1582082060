import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConnectionSet } from '../../src/iscsi/connection-set.ts';
import { Target } from '../../src/iscsi/target.ts';
import type { Task, TaskResult } from '../../src/scsi/task.ts';
import { monotonic_ms } from '../../src/std/clock.ts';
import { until } from '../fixtures/eventually.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { field } from '../fixtures/iscsi/bytes.ts';
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
  context.target = new Target({
    name: 'iqn.2026-11.test:set',
    luns: [1],
    deviceServer: new MemoryDisk(8),
    fenced: false,
  });
  context.connections = new ConnectionSet({
    directory: directoryOf(context.target),
    pingInterval_ms: undefined,
    report: () => {},
    clock: new FakeClock(),
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
  const rest_bytes = SocketInitiator.loginBytes(target.name).length - first.length;
  await until(() => socket.readableLength === rest_bytes, 'the rest does not come');
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
  await once(socket, 'close');
  connections.adopt(socket);
  // The clock stands still: nobody who is not there is waited for.
  await connections.close();
});

/** Takes longer for a command than a turn of the event loop may. */
class SlowDisk extends MemoryDisk {
  override execute(task: Task, done: (result: TaskResult) => void): void {
    const begun_ms = monotonic_ms();
    while (monotonic_ms() - begun_ms < 1);
    super.execute(task, done);
  }
}

test('many sessions that send at once are each answered in order, and what one sent before it closed has its effect', async ({
  server,
  connections,
}) => {
  const disk = new SlowDisk(64);
  const target = new Target({ name: 'iqn.2026-11.test:slow', luns: [1], deviceServer: disk, fenced: false });
  const slow = new ConnectionSet({ directory: directoryOf(target), pingInterval_ms: undefined, report: () => {} });
  const { port } = server.address() as { port: number };
  server.on('connection', (socket) => slow.adopt(socket));
  const sessions: SocketInitiator[] = [];
  for (let number = 0; number < 6; number += 1) {
    const session = new SocketInitiator(`127.0.0.1:${port}`);
    assert.ok(await session.login(target.name, 'iqn.2026-11.test:many', `40000001000${number}`));
    sessions.push(session);
  }
  for (const [number, session] of sessions.entries()) {
    for (let block = 0; block < 3; block += 1) {
      const cdb = `2a00${field(number * 3 + block, 4)}00000100`;
      session.socket.write(session.commandBytes('a0', cdb, 512, Buffer.alloc(512, `${number}${block}`)));
    }
  }
  sessions[5]?.socket.end();
  for (const session of sessions.slice(0, 5)) {
    const tags = [await session.next(), await session.next(), await session.next()].map((frame) =>
      frame?.header.readUInt32BE(16),
    );
    assert.equal(tags, [2, 3, 4]);
  }
  for (let number = 0; number < 6; number += 1) {
    for (let block = 0; block < 3; block += 1) {
      const at = (number * 3 + block) * 512;
      assert.equal(disk.bytes.subarray(at, at + 512), Buffer.alloc(512, `${number}${block}`));
    }
  }
  for (const session of sessions) session.socket.destroy();
  await slow.close();
  await connections.close();
});

test.run();
