import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readRegionFile } from '../../src/store/region-file.ts';
import type { RegionRecord } from '../../src/store/region-record.ts';
import type { MessageFromHost, MessageToHost } from '../../src/target/host-messages.ts';
import { hostPermissions } from '../../src/target/host-permissions.ts';
import { nextTurns } from '../fixtures/eventually.ts';
import { Client, configure, makeDisk, written } from '../fixtures/target/daemon-world.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'target', 'host-program.ts');

interface Context {
  root: string;
  folder: string;
  child: ChildProcess;
  portal: Server;
}

const test = suite<Context>('the process of a host');
test.before.each(async (context) => {
  context.root = mkdtempSync(join(tmpdir(), 'spare-host-program-'));
  context.folder = join(context.root, 'pool', 'alpha');
  mkdirSync(join(context.root, 'pool'));
  makeDisk(context.root, 'alpha');
  const { folder } = context;
  const leg = join(folder, 'leg.img');
  context.child = fork(PROGRAM, ['alpha'], {
    execArgv: hostPermissions([folder, `${folder}/*`, leg]),
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  context.portal = createServer({ pauseOnConnect: true }, (socket) => {
    const message: MessageToHost = { kind: 'connection', received: new Uint8Array() };
    context.child.send(message, socket);
  });
  await new Promise<void>((resolve) => context.portal.listen(0, '127.0.0.1', resolve));
});
test.after.each(({ root, child, portal }) => {
  child.kill('SIGKILL');
  portal.close();
  rmSync(root, { recursive: true });
});

/** Has it serve alpha, and waits until it does. */
async function serve({ root, folder, child }: Context): Promise<void> {
  const { alpha: configuration } = configure(root, 'alpha').hosts;
  child.send({ kind: 'serve', configuration, folder, failed: [] } satisfies MessageToHost);
  for (;;) {
    const [message] = (await once(child, 'message')) as [MessageFromHost];
    if (message.kind === 'leg' && message.isOpen) return;
  }
}

test('it flushes its leg when the daemon goes before it could be answered', async (context) => {
  const { child, folder, portal } = context;
  await serve(context);
  const address = portal.address() as { port: number };
  const client = new Client(`127.0.0.1:${address.port}`);
  assert.is(await client.login('alpha'), 0);
  await written(client, 0x5a);
  client.socket.destroy();
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += text;
  });
  // It finds the question and the end of the channel together: the answer is on its way before it learns that nobody listens.
  child.kill('SIGSTOP');
  child.send({ kind: 'request', id: 1, request: 'status' } satisfies MessageToHost);
  child.disconnect();
  await nextTurns();
  child.kill('SIGCONT');
  const [exitCode] = await once(child, 'exit');
  assert.is(exitCode, 0, errors);
  assert.equal([...(readRegionFile(join(folder, 'regions')) as RegionRecord).marks], [0]);
});

test.run();
