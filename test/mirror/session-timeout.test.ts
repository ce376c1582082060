import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { execLocal } from '../../src/machine/exec.ts';
import { holdWritesArgv, NO_SESSION, sessionTimeoutArgv } from '../../src/mirror/initiator.ts';
import { hostFixture } from '../fixtures/configuration.ts';

interface Context {
  folder: string;
}
const timeout = suite<Context>('timeout of a session');
timeout.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'spare-sessions-'));
});
timeout.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** A session as sysfs shows it. */
function session(folder: string, name: string, targetname: string, state = 'LOGGED_IN'): void {
  mkdirSync(join(folder, name));
  for (const [file, value] of Object.entries({ targetname, state, recovery_tmo: '12' })) {
    writeFileSync(join(folder, name, file), `${value}\n`);
  }
}

function change(folder: string, command = sessionTimeoutArgv(hostFixture, 20)) {
  const argv = command.map((word) => (word === '/sys/class/iscsi_session' ? folder : word));
  return execLocal(argv, { acceptExitCodes: [1, NO_SESSION] });
}

function timeoutOf(folder: string, name: string): string {
  return readFileSync(join(folder, name, 'recovery_tmo'), 'utf8').trim();
}

timeout('the session with the standby gets it, and no other', async ({ folder }) => {
  session(folder, 'session1', 'iqn.2003-01.net.example:other');
  session(folder, 'session2', hostFixture.target.iqn);
  assert.is((await change(folder)).exitCode, 0);
  assert.equal([timeoutOf(folder, 'session1'), timeoutOf(folder, 'session2')], ['12', '20']);
});

timeout('a session that is down keeps it, and that is told', async ({ folder }) => {
  session(folder, 'session1', hostFixture.target.iqn, 'FAILED');
  const { exitCode, stderr } = await change(folder);
  assert.is(exitCode, 1);
  assert.match(stderr, /is down \(FAILED\)/);
  assert.is(timeoutOf(folder, 'session1'), '12');
});

timeout('without a session there is nothing to do, and that is told', async ({ folder }) => {
  const { exitCode, stderr } = await change(folder);
  assert.is(exitCode, NO_SESSION);
  assert.match(stderr, 'no session');
});

timeout('out of reach it stays, until the ownership record lets the report program set it back', async ({ folder }) => {
  session(folder, 'session2', hostFixture.target.iqn);
  assert.is((await change(folder, holdWritesArgv(hostFixture))).exitCode, 0);
  assert.is(timeoutOf(folder, 'session2'), '7200');
  assert.is((await change(folder)).exitCode, 0);
  assert.is(timeoutOf(folder, 'session2'), '7200');
});

timeout.run();
