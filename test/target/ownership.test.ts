import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownershipPath } from '../../src/config/paths.ts';
import { LOGIN_STATUS } from '../../src/iscsi/pdu/login.ts';
import { FenceRecord } from '../../src/target/fence-record.ts';
import { until } from '../fixtures/eventually.ts';
import { field } from '../fixtures/iscsi/bytes.ts';
import type { Response, TestInitiator } from '../fixtures/iscsi/test-initiator.ts';
import { OwnedWorld } from '../fixtures/target/owned-world.ts';

const test = suite<{ world: OwnedWorld }>('the target and the ownership record');
test.before.each((context) => {
  context.world = new OwnedWorld();
});
test.after.each(({ world }) => world.dispose());

const LEASE_ms = 12_000;
const PING = 0x20;
const LOGOUT = { 0: '46', 1: '80', 16: field(9, 4), 20: field(1, 4) };

function write(initiator: TestInitiator, tag = 7) {
  const data = Buffer.alloc(512, 1);
  return initiator.command({ tag, flags: 'a0', cdb: '2a 00 00000000 00 0001 00', length: 512, data });
}

function read(initiator: TestInitiator) {
  return initiator.command({ tag: 8, flags: 'c0', cdb: '28 00 00000000 00 0001 00', length: 512 });
}

/** What the initiator has got, once there is so much. */
async function answered(initiator: TestInitiator, count = 1): Promise<Response[]> {
  const responses: Response[] = [];
  await until(() => responses.push(...initiator.take()) >= count, 'it is answered');
  return responses;
}

/** What the initiator got before its session ended. */
async function dropped({ host }: OwnedWorld, initiator: TestInitiator): Promise<Response[]> {
  const responses: Response[] = [];
  const isOver = () => {
    responses.push(...initiator.wait(1).filter(({ opcode }) => opcode !== PING));
    return host.target.sessions.size === 0;
  };
  await until(isOver, 'the session ends');
  return responses;
}

test('a volume without a record gets one, and a fenced host one that says so', async ({ world }) => {
  await world.start();
  assert.equal(world.owner, ['primary', 'created']);
  rmSync(ownershipPath(world.folder));
  new FenceRecord(world.folder).write();
  await world.start();
  assert.equal(world.owner, ['standby', 'created-fenced']);
});

test('without its leg it gets none: the pool may not be mounted', async ({ world }) => {
  rmSync(join(world.folder, 'leg.img'));
  const { host, clock, folder } = world;
  assert.is(host, undefined);
  await world.start().catch(() => {});
  world.host.start();
  await clock.advance(2_000);
  assert.throws(() => world.record);
  writeFileSync(join(folder, 'leg.img'), '');
  await clock.advance(1_000);
  assert.equal(world.owner, ['primary', 'created']);
});

test('a login raises the epoch before it is answered', async ({ world }) => {
  await world.start();
  const { epoch } = world.record;
  const held = world.held();
  const initiator = world.initiator();
  initiator.login(world.host.target);
  await held.until('logged-in');
  assert.equal([initiator.take(), world.record.epoch], [[], epoch]);
  held.release();
  assert.equal(
    [(await answered(initiator)).length, world.record.epoch, ...world.owner],
    [1, epoch + 1, 'primary', 'logged-in'],
  );
});

test('the LUN tells the record of its login', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  initiator.send(LOGOUT);
  const next = world.initiator();
  await world.login(next);
  next.command({ tag: 1, flags: '80', cdb: '00' });
  const [inquiry] = next.command({ tag: 2, flags: 'c0', cdb: '12 00 00 0060 00', length: 96 });
  assert.is(inquiry?.data.toString('latin1', 36, 56), `spare primary ${world.record.epoch}`.padEnd(20));
});

test('a login that cannot be recorded is refused until it can', async ({ world }) => {
  await world.start();
  world.keeper.failure = new Error('EIO');
  assert.is(await world.login(), LOGIN_STATUS.serviceUnavailable);
  assert.match(world.host.status().volumes[0]?.notServed?.reason ?? '', /EIO/);
  assert.is(world.events.filter(({ event }) => event === 'ownership-not-recorded').length, 1);
  world.keeper.failure = undefined;
  assert.is(await world.login(), 0);
  assert.is(world.host.status().volumes[0]?.notServed, null);
});

test('nobody logs in while the record is damaged', async ({ world }) => {
  await world.start();
  writeFileSync(ownershipPath(world.folder), 'null');
  assert.is(await world.login(), LOGIN_STATUS.serviceUnavailable);
  assert.is(world.host.status().volumes[0]?.ownership, null);
});

test('an error in writing is recorded before it is answered', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  world.disk.break('write', { kind: 'error', code: 'EIO' });
  const held = world.held();
  write(initiator);
  await held.until('leg-lost');
  assert.equal([initiator.take(), world.record.owner], [[], 'pair']);
  held.release();
  const [response] = await answered(initiator);
  assert.equal([response?.header[3], ...world.owner], [2, 'primary', 'leg-lost']);
});

test('many at once are recorded by few changes', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  world.disk.break('write', { kind: 'error', code: 'EIO' });
  const held = world.held();
  for (let tag = 10; tag < 50; tag++) write(initiator, tag);
  await held.until('leg-lost');
  held.release();
  await answered(initiator, 40);
  const changes = world.keeper.asked.filter((cause) => cause === 'leg-lost');
  assert.ok(changes.length < 40, `${changes.length} changes`);
});

test('an error that cannot be recorded is not answered: the session ends', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  world.disk.break('write', { kind: 'error', code: 'EIO' });
  world.keeper.failure = new Error('EIO');
  write(initiator);
  assert.equal(await dropped(world, initiator), []);
  assert.is(world.record.owner, 'pair');
});

test('while the local leg is resynced, an error in writing is never answered, one in reading is', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  await world.change('taken-over', 'writable', 'gone-home');
  world.disk.break('read', { kind: 'error', code: 'EIO' });
  read(initiator);
  const [response] = await answered(initiator);
  assert.equal([response?.header[3], ...world.owner], [2, 'fill', 'leg-lost']);
  world.disk.break('write', { kind: 'error', code: 'EIO' });
  write(initiator);
  assert.equal(await dropped(world, initiator), []);
});

test('a Logout is recorded before it is answered', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  const held = world.held();
  assert.equal(initiator.send(LOGOUT), []);
  await held.until('leg-lost');
  assert.equal([initiator.take(), world.record.owner], [[], 'pair']);
  held.release();
  const [response] = await answered(initiator);
  assert.equal([response?.opcode, ...world.owner], [0x26, 'primary', 'leg-lost']);
});

test('a Logout that cannot be recorded is not answered, and ends the lease at once', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  world.keeper.failure = new Error('EIO');
  initiator.send(LOGOUT);
  await world.clock.advance(0);
  assert.equal([initiator.take(), world.host.status().sessionHeardAt], [[], null]);
  assert.is(world.host.status().volumes[0]?.ownership?.owner, 'primary');
  world.keeper.failure = undefined;
  await world.clock.advance(1_000);
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('before the LUN of a failed disk is closed, that is recorded', async ({ world }) => {
  await world.start();
  await world.pair();
  const held = world.held();
  world.host.condemn('data');
  await held.until('leg-lost');
  assert.is(world.host.target.sessions.size, 1);
  held.release();
  await until(() => world.host.target.sessions.size === 0, 'the LUN is closed');
  assert.equal(world.owner, ['primary', 'leg-lost']);
});

test('a pair lasts for as long as its session is heard, and one lease longer', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  await world.live(initiator, 3 * LEASE_ms);
  assert.is(world.record.owner, 'pair');
  await world.clock.advance(LEASE_ms - 1_500);
  assert.is(world.record.owner, 'pair');
  await world.clock.advance(2_000);
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('refused logins do not prolong it, and are signs of life', async ({ world }) => {
  await world.start();
  await world.pair();
  await world.host.fence();
  for (let second = 0; second < 13; second++) {
    await world.clock.advance(1_000);
    assert.is(await world.login(), LOGIN_STATUS.targetRemoved);
  }
  assert.is(world.host.status().lastPduAt, world.clock.bootTime_ms());
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('a login whose answer is lost does not prolong it', async ({ world }) => {
  await world.start();
  await world.pair();
  await world.clock.advance(LEASE_ms - 2_000);
  await world.login();
  await world.clock.advance(1_000);
  assert.is(world.record.owner, 'pair');
  await world.clock.advance(2_000);
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('what waited while the process was not run is as old as that', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  await world.live(initiator, 2_000);
  const before = world.clock.bootTime_ms();
  world.clock.jump(11_000);
  world.ping(initiator);
  await world.clock.advance(0);
  world.ping(initiator);
  await world.clock.advance(100);
  assert.ok((world.host.status().sessionHeardAt ?? 0) <= before);
  await world.clock.advance(1_000);
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('a primary that was said to be off, and is not, does not get its lease back', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  await world.live(initiator, 2_000);
  await world.clock.advance(500);
  await world.change('proven-off');
  await world.clock.advance(LEASE_ms);
  assert.equal(world.owner, ['pair', 'proven-off']);
  // Its session is still there.
  world.ping(initiator);
  await world.clock.advance(1_000);
  assert.equal(world.owner, ['primary', 'lease-expired']);
  await world.live(initiator, 2_000);
  await world.change('in-sync');
  await world.live(initiator, 2_000);
  assert.is(world.record.owner, 'pair', 'another lease begins');
});

test('a restart within the lease keeps the pair, and one after it does not', async ({ world }) => {
  await world.start();
  const initiator = await world.pair();
  await world.live(initiator, 5_000);
  world.clock.jump(8_000);
  await world.start();
  assert.is(world.record.owner, 'pair');
  assert.is(await world.login(), 0);
  assert.equal(world.owner, ['pair', 'logged-in']);
  await world.clock.advance(1_500);
  world.clock.jump(LEASE_ms);
  await world.start();
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('a login after the lease does not revive the pair', async ({ world }) => {
  await world.start();
  await world.live(await world.pair(), 2_000);
  world.clock.jump(LEASE_ms);
  await world.login();
  assert.equal(world.owner, ['primary', 'logged-in']);
});

test('a restart without the runtime directory ends the lease', async ({ world }) => {
  await world.start();
  await world.live(await world.pair(), 2_000);
  rmSync(join(world.root, 'heard'));
  await world.start();
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('a boot of the standby ends every lease', async ({ world }) => {
  await world.start();
  await world.live(await world.pair(), 2_000);
  world.clock.bootId = '99999999-2222-3333-4444-555555555555';
  await world.start();
  assert.equal([...world.owner, world.host.status().sessionHeardAt], ['primary', 'standby-booted', null]);
});

test('a shorter replacement timeout counts at once', async ({ world }) => {
  await world.start();
  await world.pair();
  world.host.lease_s = 5;
  await world.clock.advance(6_000);
  assert.equal(world.owner, ['primary', 'lease-expired']);
});

test('a host whose volume the standby owns is refused as fenced, even if the record of that is gone', async ({
  world,
}) => {
  await world.start();
  await world.pair();
  await world.host.fence();
  await world.change('taken-over');
  await world.host.settle();
  const refusal = await world.host.unfence().then(
    () => undefined,
    (error) => error.code,
  );
  assert.is(refusal, 'STANDBY_OWNS_VOLUME');
  rmSync(join(world.folder, 'fenced'));
  await world.start();
  assert.is(await world.login(), LOGIN_STATUS.targetRemoved);
  assert.ok(new FenceRecord(world.folder).stands);
});

test('one that came between is seen at the login', async ({ world }) => {
  await world.start();
  await world.pair();
  await world.keeper.change(world.volume, world.record.epoch, 'taken-over');
  const { epoch } = world.record;
  assert.equal([await world.login(), world.record.epoch], [LOGIN_STATUS.targetRemoved, epoch]);
});

test('the status tells the record, with the owner of now', async ({ world }) => {
  await world.start();
  await world.pair();
  const { epoch } = world.record;
  assert.equal(world.host.status().volumes[0]?.ownership, { epoch, owner: 'pair', cause: 'in-sync' });
  world.clock.jump(LEASE_ms);
  assert.equal(world.host.status().volumes[0]?.ownership, { epoch, owner: 'primary', cause: 'in-sync' });
});

test.run();
