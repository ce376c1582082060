import { existsSync, statSync } from 'node:fs';
import { execa } from 'execa';
import { monotonic_ms } from '../../src/std/clock.ts';
import type { Sandbox } from '../sandbox.ts';
import { accepts, freePort, INITIATOR_NAME, type ServedHost, type Starter, type Target, waitFor } from './target.ts';

const COMMAND_TIMEOUT_MS = 10_000;
const IQN = 'iqn.2026-01.example.bench:tgt';

/** With its defaults: backing store `rdwr` (the page cache), 16 threads of I/O for each LUN, write-back with SYNCHRONIZE CACHE as fdatasync. */
export function tgt(sandbox: Sandbox): Starter {
  return {
    serveFile: (file) =>
      start(sandbox, [
        { name: 'file', file, size_bytes: statSync(file).size, iqn: IQN, initiatorName: INITIATOR_NAME },
      ]),
    serveHosts: (hosts) => start(sandbox, hosts),
  };
}

async function start(sandbox: Sandbox, hosts: readonly ServedHost[]): Promise<Target> {
  const started_ms = monotonic_ms();
  const port = await freePort();
  // Its control socket is named by a number of at most 15 bits, which no other of its daemons may have.
  const control = String(port % 2 ** 15);
  const socket = `/run/tgtd/socket.${control}`;
  sandbox.removeAtExit(socket);
  sandbox.removeAtExit(`${socket}.lock`);
  const child = sandbox.start('tgtd', ['-f', '-C', control, '--iscsi', `portal=127.0.0.1:${port}`]);
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  await Promise.race([failed, waitFor(() => existsSync(socket), 'tgtd')]);
  for (const [index, host] of hosts.entries()) await addTarget(control, String(index + 1), host);
  await waitFor(() => accepts(port), 'tgtd');
  return {
    name: 'tgt',
    host: '127.0.0.1',
    port,
    hosts,
    pid: child.pid as number,
    start_ms: monotonic_ms() - started_ms,
    // It does not end on SIGTERM while a session hangs on.
    stop: () => sandbox.end(child, 'SIGKILL'),
  };
}

async function addTarget(control: string, tid: string, { iqn, file, chap }: ServedHost): Promise<void> {
  const administer = (mode: string, op: string, ...args: string[]) =>
    execa('tgtadm', ['-C', control, '--lld', 'iscsi', '--mode', mode, '--op', op, ...args], {
      timeout: COMMAND_TIMEOUT_MS,
    });
  await administer('target', 'new', '--tid', tid, '-T', iqn);
  await administer('logicalunit', 'new', '--tid', tid, '--lun', '1', '-b', file);
  if (chap !== undefined) {
    // tgtadm takes a secret in its arguments only. This one was drawn for this run.
    await administer('account', 'new', '--user', chap.user, '--password', chap.secret);
    await administer('account', 'bind', '--tid', tid, '--user', chap.user);
  }
  await administer('target', 'bind', '--tid', tid, '-I', 'ALL');
}
