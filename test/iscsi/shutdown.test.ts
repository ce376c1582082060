/** An orderly end of a portal on real sockets (RFC 7143 §11.9.1): who is asked to log out, and who is dropped. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../src/iscsi/limits.ts';
import { Target } from '../../src/iscsi/target.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';
import { ServingPortal } from '../fixtures/iscsi/serving-portal.ts';
import { SocketInitiator } from '../fixtures/iscsi/socket-initiator.ts';
import { directoryOf } from '../fixtures/iscsi/test-initiator.ts';

const READ_1 = '28 00 00000000 00 0001 00';
const ASYNC_MESSAGE = 0x32;
const DATA_IN = 0x25;
const LOGOUT_RESPONSE = 0x26;

interface Context {
  disk: MemoryDisk;
  target: Target;
  portal: ServingPortal;
  address: string;
  initiator: SocketInitiator;
}

const test = suite<Context>('an orderly end');

test.before.each(async (context) => {
  context.disk = new MemoryDisk(8);
  context.target = new Target({
    name: 'iqn.2026-11.test:ending',
    luns: [1],
    deviceServer: context.disk,
    fenced: false,
  });
  context.portal = new ServingPortal({ directory: directoryOf(context.target) });
  context.address = await context.portal.listen();
  context.initiator = new SocketInitiator(context.address);
  assert.ok(await context.initiator.login(context.target.name));
});
test.after.each(async ({ initiator, portal }) => {
  initiator.socket.destroy();
  await portal.close();
});

test('the initiator is asked to log out, and its outstanding commands are answered before its logout', async (context) => {
  const { disk, initiator, portal, target } = context;
  disk.held = [];
  initiator.socket.write(initiator.commandBytes('c0', READ_1, 512));
  while (disk.held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const closed = portal.close();
  const request = await initiator.next();
  assert.is(request?.header[0], ASYNC_MESSAGE);
  assert.is(request?.header[36], 1);
  assert.is(request?.header.readUInt16BE(42), LIMITS.askedLogout_ms / 1_000);

  const next = initiator.logout();
  disk.release();
  assert.is((await next)?.header[0], DATA_IN);
  const response = await initiator.next();
  assert.is(response?.header[0], LOGOUT_RESPONSE);
  assert.is(response?.header[2], 0);
  assert.is(await initiator.next(), undefined);
  await closed;
  assert.is(target.sessions.size, 0);
});

test('commands are served until the logout', async ({ initiator, portal }) => {
  const closed = portal.close();
  assert.is((await initiator.next())?.header[0], ASYNC_MESSAGE);
  const read = await initiator.command('c0', READ_1, 512);
  assert.is(read?.header[0], DATA_IN);
  assert.is(read?.header[3], 0);
  await initiator.logout();
  await closed;
});

test('an initiator that does not log out is notified that it is dropped, and when it may come back', async (context) => {
  const { initiator, portal } = context;
  const closed = portal.close();
  assert.is((await initiator.next())?.header[36], 1);
  const drop = await initiator.next();
  assert.is(drop?.header[0], ASYNC_MESSAGE);
  assert.is(drop?.header[36], 3);
  assert.is(drop?.header.readUInt16BE(40), 2);
  assert.is(await initiator.next(), undefined);
  await closed;
});

test('no new connection is accepted meanwhile, and unfinished logins are dropped at once', async (context) => {
  const { address, initiator, portal, target } = context;
  const undecided = new SocketInitiator(address);
  await new Promise((resolve) => undecided.socket.once('connect', resolve));
  // Its connection is accepted before the one that a later login would need.
  const bystander = new SocketInitiator(address);
  assert.ok(await bystander.login(target.name, 'iqn.2026-11.test:bystander'));
  const closed = portal.close();
  assert.is(await undecided.next(), undefined);
  const late = new SocketInitiator(address);
  assert.not.ok(await late.login(target.name, 'iqn.2026-11.test:late'));
  for (const each of [initiator, bystander]) {
    await each.next();
    await each.logout();
  }
  await closed;
});

test.run();
