import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Clock, systemClock } from '../../src/std/clock.ts';
import type { SpareEvent } from '../../src/std/event.ts';
import type { DataSync } from '../../src/store/data-sync.ts';
import { FailureNote } from '../../src/target/failure-note.ts';
import { HostProcess } from '../../src/target/host-process.ts';
import { writeStrippedProgram } from '../../src/target/stripped-program.ts';
import { eventually, nextTurns } from '../fixtures/eventually.ts';
import { field, pduBytes, text } from '../fixtures/iscsi/bytes.ts';
import {
  answeredStatus,
  Client,
  configure,
  daemonSuite,
  hostStatus,
  loggedIn,
  loginOnceServed,
  processOf,
  SIZE_BYTES,
  start,
  stop,
  written,
} from '../fixtures/target/daemon-world.ts';

const test = daemonSuite('HostProcess');

/** A safety net: what is asked for comes long before. */
const PATIENT_MS = 100_000;

/** Ages stand still, so that nothing becomes old on a slow machine; timers run. */
const AGELESS: Clock = {
  ...systemTimers(),
  bootId: systemClock.bootId,
  bootTime_ms: () => 1_000,
  wallTime: () => systemClock.wallTime(),
};

function systemTimers(): Pick<Clock, 'sleep' | 'after' | 'every'> {
  return {
    sleep: (duration_ms, signal) => systemClock.sleep(duration_ms, signal),
    after: (delay_ms, action) => systemClock.after(delay_ms, action),
    every: (interval_ms, action) => systemClock.every(interval_ms, action),
  };
}

test('a process that stands still holds up no other host, and its own is fenced all the same', async (context) => {
  const alpha = await loggedIn(context);
  const beta = await loggedIn(context, 'beta');
  await written(beta, 1);
  const { pid } = await eventually(async () => {
    const status = await answeredStatus(context);
    assert.is(status.sessions.length, 1);
    return status;
  });
  assert.type(pid, 'number');
  process.kill(pid as number, 'SIGSTOP');
  try {
    assert.is(await beta.write(2, 3), 0);
    const status = await hostStatus(context, { method: 'status' });
    assert.equal([status.responding, status.pid, status.sessions.length], [false, pid, 1]);
    assert.match(status.notServed?.reason ?? '', /process of alpha did not answer/);
    await loggedIn(context, 'beta');
    const fenced = hostStatus(context, { method: 'fence', host: 'alpha' });
    assert.ok((await hostStatus(context, { method: 'fence', host: 'beta' }, 'beta')).fenced, 'beta is not fenced');
    assert.ok((await fenced).fenced);
  } finally {
    if (existsSync(`/proc/${pid}`)) process.kill(pid as number, 'SIGCONT');
  }
  await alpha.untilClosed();
  assert.not.ok(existsSync(`/proc/${pid}`), 'the hanging process may continue writing');
  assert.is(await loginOnceServed(context, 'alpha'), 0x0204);
});

test('a process that dies is started again, and only its own host notices', async (context) => {
  const alpha = await loggedIn(context);
  const beta = await loggedIn(context, 'beta');
  await written(alpha, 0x41);
  await written(beta, 1);
  const pid = await processOf(context);
  process.kill(pid, 'SIGKILL');
  await alpha.untilClosed();
  assert.is(await beta.write(2, 3), 0);
  assert.is(await loginOnceServed(context, 'alpha'), 0);
  assert.is.not(await processOf(context), pid);
  assert.equal((await answeredStatus(context)).lost, [], 'the kernel has what it wrote');
  assert.is(readFileSync(join(context.root, 'pool', 'alpha', 'leg.img'))[0], 0x41);
  assert.match(JSON.stringify(context.events), /"event":"process-ended",.*"host":"alpha",.*"cause":"SIGKILL"/);
});

test('a process that keeps ending is reported, with the reason; one that is running again is not', async (context) => {
  await stop(context);
  await start(context, configure(context.root, 'alpha', 'beta'), AGELESS);
  await processOf(context);
  for (let times = 0; times < 3; times++) {
    await loginOnceServed(context, 'alpha');
    process.kill(await processOf(context), 'SIGKILL');
  }
  // While it is away, and when it is there again.
  for (let times = 0; times < 2; times++) {
    const { notServed } = await hostStatus(context, { method: 'status' });
    assert.match(notServed?.reason ?? '', /process of alpha has ended \(SIGKILL\)$/);
    assert.match(notServed?.hint ?? '', 'journalctl -u spare-serve');
    await loginOnceServed(context, 'alpha');
  }
  assert.is((await answeredStatus(context, 'beta')).notServed, null);
});

test('a process that is starting still is no trouble', async (context) => {
  await stop(context);
  const { execPath } = process;
  const program = join(context.root, 'takes-its-time');
  writeFileSync(program, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  process.execPath = program;
  try {
    await start(context, configure(context.root, 'alpha', 'beta'), AGELESS);
    const { pid, responding, notServed } = await hostStatus(context, { method: 'status' });
    assert.equal([typeof pid, responding, notServed], ['number', false, null]);
  } finally {
    process.execPath = execPath;
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
    for (const child of children) process.kill(Number(child), 'SIGKILL');
  }
  assert.is(await loginOnceServed(context, 'alpha'), 0);
});

test('a process that cannot be started is reported, and retried', async (context) => {
  await stop(context);
  const { execPath } = process;
  process.execPath = join(context.root, 'no-such-program');
  try {
    await start(context, configure(context.root, 'alpha', 'beta'));
    const { notServed, pid } = await hostStatus(context, { method: 'status' });
    assert.is(pid, null);
    assert.match(notServed?.reason ?? '', /process of alpha could not be started \(ENOENT\)$/);
  } finally {
    process.execPath = execPath;
  }
  assert.is(await loginOnceServed(context, 'alpha'), 0);
  // Where it was tried more than once meanwhile, that is told until the process has run for a while.
  await eventually(async () => assert.is((await answeredStatus(context)).notServed, null));
});

test('what the disk has failed under a process that died closes the LUN of the one that was started meanwhile', async (context) => {
  await stop(context);
  const { alpha: configuration } = configure(context.root, 'alpha').hosts;
  const program = join(context.root, 'program.json');
  writeStrippedProgram(program);
  const report = (event: SpareEvent) => context.events.push(event);
  const note = new FailureNote(context.root, 'alpha', 'data', report);
  const questions: ((error: NodeJS.ErrnoException | null) => void)[] = [];
  const sync: DataSync = (_fd, done) => void questions.push(done);
  const folder = join(context.root, 'pool', 'alpha');
  const alpha = new HostProcess({ configuration, folder, program, report, noteOf: () => note, sync });
  try {
    const first = await alpha.request('open', PATIENT_MS);
    process.kill(first.pid as number, 'SIGKILL');
    const opened = async () => {
      const { pid, volumes } = await alpha.request('open', PATIENT_MS);
      assert.is.not(pid, first.pid);
      assert.equal([volumes[0]?.lost, volumes[0]?.notServed], [[], null]);
    };
    await eventually(opened);
    assert.equal([questions.length, note.stands], [1, false]);
    questions[0]?.(Object.assign(new Error('EIO: fdatasync'), { code: 'EIO' }));
    const lost = [{ offset_bytes: 0, length_bytes: SIZE_BYTES }];
    assert.equal((await alpha.request('status', PATIENT_MS)).volumes[0]?.lost, lost);
    await eventually(async () => assert.match(JSON.stringify(context.events), /"leg-failed",.*"host":"alpha"/));
  } finally {
    await alpha.end(10_000);
  }
  await start(context, configure(context.root, 'alpha', 'beta'));
});

test('what comes with the first request, and right after it, reaches the host', async (context) => {
  const client = new Client(context.portal);
  const names = [
    'InitiatorName=iqn.2026-11.test:initiator-alpha',
    'TargetName=iqn.2026-11.test:alpha',
    'AuthMethod=CHAP',
  ];
  const first = pduBytes({ 0: '43', 1: '81', 8: '400000010000', 24: field(1, 4) }, text(...names));
  const second = pduBytes({ 0: '43', 1: '00', 8: '400000010000', 24: field(1, 4) }, text('CHAP_A=5'));
  for (const byte of first.subarray(0, 60)) {
    client.socket.write(Buffer.of(byte));
    await nextTurns();
  }
  client.socket.write(first.subarray(60));
  for (const part of [second.subarray(0, 10), second.subarray(10, 50), second.subarray(50)]) {
    client.socket.write(part);
    await systemClock.sleep(1);
  }
  assert.is((await client.next()).header.readUInt16BE(36), 0);
  assert.match(String(Buffer.concat((await client.next()).data)), 'CHAP_C=0x');
});

test('silent connections keep nobody out', async (context) => {
  const silent = Array.from({ length: 80 }, () => new Client(context.portal));
  await Promise.all(silent.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
  await loggedIn(context);
  for (const { socket } of silent) socket.destroy();
});

test('anything but a login is dropped, and an unknown host is refused like a wrong secret', async (context) => {
  const noise = new Client(context.portal);
  noise.socket.write(Buffer.alloc(4_096, 0x47));
  await noise.untilClosed();
  const command = new Client(context.portal);
  command.socket.write(pduBytes({ 0: '01', 1: 'a0' }));
  await command.untilClosed();
  assert.is(await new Client(context.portal).login('omega'), 0x0201);
});

test.run();
