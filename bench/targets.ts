import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { firstLine } from './first-line.ts';
import type { Sandbox } from './sandbox.ts';

const START_TIMEOUT_MS = 15_000;
const COMMAND_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 2;
const TGT_IQN = 'iqn.2026-01.example.bench:tgt';
const root = resolve(import.meta.dirname, '..');

export interface TargetAddress {
  host: string;
  port: number;
  iqn: string;
}

/** A target that serves one file as LUN 1 on loopback: writes go to the page cache, a flush is an honest one. */
export interface Target extends TargetAddress {
  name: string;
  file: string;
  pid: number;
  /** From starting the process to its accepting connections to the LUN. */
  start_ms: number;
  stop(): Promise<void>;
}

export interface ProfileRequest {
  /** V8's profiler writes its file there when the daemon ends. */
  profileFolder: string;
}

export function urlOf({ host, port, iqn }: TargetAddress): string {
  return `iscsi://${host}:${port}/${iqn}/1`;
}

export async function startSpare(sandbox: Sandbox, file: string, profile?: ProfileRequest): Promise<Target> {
  const started_ms = performance.now();
  const profiler = profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile.profileFolder}` };
  const child = sandbox.start(
    join(root, 'bin/spare'),
    ['serve', '--file', file, '--portal', `127.0.0.1:${await freePort()}`, '--no-auth', '--json'],
    profiler,
  );
  const ready = JSON.parse(await firstLine(child, 'spare serve')) as { portal: string; iqn: string };
  const [host = '', port = ''] = ready.portal.split(':');
  return {
    name: 'spare',
    file,
    host,
    port: Number(port),
    iqn: ready.iqn,
    pid: child.pid as number,
    start_ms: performance.now() - started_ms,
    stop: () => sandbox.end(child, 'SIGTERM'),
  };
}

/** With its defaults: backing store `rdwr` (the page cache), 16 threads of I/O, write-back with SYNCHRONIZE CACHE as fdatasync. */
export async function startTgt(sandbox: Sandbox, file: string): Promise<Target> {
  const started_ms = performance.now();
  const port = await freePort();
  // Its control socket is named by a number of at most 15 bits, which no other of its daemons may have.
  const control = String(port % 2 ** 15);
  const socket = `/run/tgtd/socket.${control}`;
  sandbox.removeAtExit(socket);
  sandbox.removeAtExit(`${socket}.lock`);
  const child = sandbox.start('tgtd', ['-f', '-C', control, '--iscsi', `portal=127.0.0.1:${port}`]);
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  await Promise.race([failed, waitFor(() => existsSync(socket), 'tgtd')]);
  const administer = (...args: string[]) =>
    execa('tgtadm', ['-C', control, '--lld', 'iscsi', ...args], { timeout: COMMAND_TIMEOUT_MS });
  await administer('--mode', 'target', '--op', 'new', '--tid', '1', '-T', TGT_IQN);
  await administer('--mode', 'logicalunit', '--op', 'new', '--tid', '1', '--lun', '1', '-b', file);
  await administer('--mode', 'target', '--op', 'bind', '--tid', '1', '-I', 'ALL');
  await waitFor(() => accepts(port), 'tgtd');
  return {
    name: 'tgt',
    file,
    host: '127.0.0.1',
    port,
    iqn: TGT_IQN,
    pid: child.pid as number,
    start_ms: performance.now() - started_ms,
    // It does not end on SIGTERM while a session hangs on.
    stop: () => sandbox.end(child, 'SIGKILL'),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port');
  return address.port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = await Promise.race([
    once(socket, 'connect').then(
      () => true,
      () => false,
    ),
    delay(COMMAND_TIMEOUT_MS, false, { ref: false }),
  ]);
  socket.destroy();
  return connected;
}

async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Cannot start ${what}: not ready after ${START_TIMEOUT_MS} ms`);
    await delay(POLL_INTERVAL_MS);
  }
}
