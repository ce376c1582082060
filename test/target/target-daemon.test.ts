import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/std/clock.ts';
import { controlTarget } from '../../src/target/client/control-client.ts';
import { startTargetDaemon } from '../../src/target/target-daemon.ts';
import { eventually } from '../fixtures/eventually.ts';
import {
  answeredStatus,
  Client,
  configure,
  daemonSuite,
  hostStatus,
  loggedIn,
  makeDisk,
  openFiles,
  processOf,
  SIZE_BYTES,
  socketOf,
  start,
  stop,
  written,
} from '../fixtures/target/daemon-world.ts';

const test = daemonSuite('TargetDaemon');

test('serves every host, tells who is there and when it wrote', async (context) => {
  const before = systemClock.bootTime_ms();
  const client = await loggedIn(context);
  await written(client, 0x5a);
  const alpha = await answeredStatus(context);
  assert.is(alpha.sessions.length, 1);
  assert.is(alpha.sessions[0]?.initiatorName, 'iqn.2026-11.test:initiator-alpha');
  assert.ok((alpha.lastWriteAt ?? 0) >= before && (alpha.lastPduAt ?? 0) >= before);
  assert.is(alpha.counters.writtenBytes, 512);
  assert.is(alpha.sessionEndedAt, null);
  const beta = await answeredStatus(context, 'beta');
  assert.equal([beta.sessions, beta.lastPduAt, beta.lastWriteAt], [[], null, null]);

  client.socket.destroy();
  const ended = await eventually(async () => {
    const status = await answeredStatus(context);
    assert.is(status.sessions.length, 0);
    return status;
  });
  assert.ok((ended.sessionEndedAt ?? 0) >= before);
});

test('fence: the record, the sessions, the file, the login, and only of that host', async (context) => {
  const alpha = await loggedIn(context);
  const beta = await loggedIn(context, 'beta');
  const path = join(context.root, 'pool', 'alpha', 'leg.img');
  assert.ok(openFiles(await processOf(context)).includes(path));

  const status = await hostStatus(context, { method: 'fence', host: 'alpha' });
  assert.ok(status.fenced);
  assert.equal(status.sessions, []);
  assert.not.ok(openFiles(status.pid).includes(path), 'the file is still open');
  assert.ok(statSync(join(context.root, 'pool', 'alpha', 'fenced')).isFile());
  await alpha.untilClosed();
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
  assert.is(await new Client(context.portal).login('alpha', 'a wrong secret'), 0x0201);
  assert.not.ok(beta.closed);
  assert.type(await beta.write(1, 1), 'number');

  assert.ok((await hostStatus(context, { method: 'fence', host: 'alpha' })).fenced);
  assert.not.ok((await hostStatus(context, { method: 'unfence', host: 'alpha' })).fenced);
  assert.ok(statSync(join(context.root, 'pool', 'alpha', 'fenced')).isFile(), 'its space is not reserved any more');
  await loggedIn(context);
});

test('a fence outlives the daemon', async (context) => {
  await controlTarget({ method: 'fence', host: 'alpha' }, { socketPath: socketOf(context) });
  await stop(context);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.ok((await hostStatus(context, { method: 'status' })).fenced);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
});

test('a host whose disk is missing can be fenced, and does not stop the others', async (context) => {
  await stop(context);
  rmSync(join(context.root, 'pool', 'alpha', 'leg.img'));
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);
  await loggedIn(context, 'beta');
  const { notServed } = await answeredStatus(context);
  assert.match(notServed?.reason ?? '', /^Cannot open .*alpha\/leg\.img: ENOENT$/);
  assert.match(notServed?.hint ?? '', /Check that the pool is mounted: findmnt --target/);
  assert.is((await answeredStatus(context, 'beta')).notServed, null);
  const fenced = await hostStatus(context, { method: 'fence', host: 'alpha' });
  assert.equal([fenced.fenced, fenced.notServed], [true, null]);
  assert.is(await new Client(context.portal).login('alpha'), 0x0204);
});

test('a disk that comes later is served then', async (context) => {
  const leg = join(context.root, 'pool', 'alpha', 'leg.img');
  await stop(context);
  rmSync(leg);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);
  writeFileSync(leg, '');
  truncateSync(leg, SIZE_BYTES);
  await eventually(async () => assert.is(await new Client(context.portal).login('alpha'), 0));
  assert.is((await answeredStatus(context)).notServed, null);
});

test('where the portal cannot be had the daemon says so, and leaves nothing behind', async (context) => {
  const [, port] = context.portal.split(':');
  const configuration = configure(context.root, 'gamma');
  makeDisk(context.root, 'gamma');
  const taken = { ...configuration.standby, portal: { address: '127.0.0.1', port: Number(port) } };
  writeFileSync(join(context.root, 'config.json'), JSON.stringify({ ...configuration, standby: taken }));
  const before = children();
  try {
    await startTargetDaemon(() => {}, systemClock);
    assert.unreachable('listens twice');
  } catch (error) {
    assert.is((error as { code: string }).code, 'PORTAL_UNAVAILABLE');
  }
  assert.equal(children(), before);
});

/** The processes of this one. */
function children(): string[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).sort();
}

test('a disk whose size has changed is not served', async (context) => {
  await stop(context);
  truncateSync(join(context.root, 'pool', 'alpha', 'leg.img'), SIZE_BYTES * 2);
  await start(context, configure(context.root, 'alpha', 'beta'));
  assert.is(await new Client(context.portal).login('alpha'), 0x0301);
  await eventually(() => assert.match(JSON.stringify(context.events), /expected 1048576 bytes/));
  const { notServed } = await answeredStatus(context);
  assert.match(notServed?.reason ?? '', /expected 1048576 bytes, found 2097152$/);
});

test('add serves a host that was enrolled meanwhile, and leaves what is served alone', async (context) => {
  configure(context.root, 'alpha', 'beta', 'gamma');
  makeDisk(context.root, 'gamma');
  const alpha = await loggedIn(context);
  await controlTarget({ method: 'add', host: 'gamma' }, { socketPath: socketOf(context) });
  await controlTarget({ method: 'add', host: 'alpha' }, { socketPath: socketOf(context) });
  await loggedIn(context, 'gamma');
  assert.not.ok(alpha.closed);
});

test('close forgets a host', async (context) => {
  const client = await loggedIn(context);
  const { hosts } = await controlTarget({ method: 'close', host: 'alpha' }, { socketPath: socketOf(context) });
  assert.equal(
    hosts.map(({ host }) => host),
    ['beta'],
  );
  await client.untilClosed();
  assert.is(await new Client(context.portal).login('alpha'), 0x0201);
});

test('an unknown host is reported, with the known ones', async (context) => {
  try {
    await controlTarget({ method: 'fence', host: 'omega' }, { socketPath: socketOf(context) });
    assert.unreachable('fenced nobody');
  } catch (error) {
    assert.is((error as { code: string }).code, 'UNKNOWN_HOST');
    assert.match((error as { hint: string }).hint, 'alpha, beta');
  }
});

test('at the end initiators are notified, and nothing stays open', async (context) => {
  const client = await loggedIn(context);
  const pids = [await processOf(context), await processOf(context, 'beta')];
  await stop(context);
  await client.untilClosed();
  // Asked to log out, and dropped as it did not.
  assert.is(client.opcodes.filter((opcode) => opcode === 0x32).length, 2);
  for (const pid of pids) assert.not.ok(existsSync(`/proc/${pid}`), 'a process goes on');
  await start(context, configure(context.root, 'alpha', 'beta'));
});

test.run();
