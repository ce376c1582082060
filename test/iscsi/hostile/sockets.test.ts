/** A portal on real sockets under storms, scans and drips, while an honest session writes and verifies on another target. */
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../../src/iscsi/limits.ts';
import { Target } from '../../../src/iscsi/target.ts';
import { LogicalUnit } from '../../../src/scsi/logical-unit.ts';
import { TargetDevice } from '../../../src/scsi/target-device.ts';
import { systemClock } from '../../../src/std/clock.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { nextTurns, until } from '../../fixtures/eventually.ts';
import { field } from '../../fixtures/iscsi/bytes.ts';
import { ServingPortal } from '../../fixtures/iscsi/serving-portal.ts';
import { SocketInitiator } from '../../fixtures/iscsi/socket-initiator.ts';
import { TestInitiator } from '../../fixtures/iscsi/test-initiator.ts';

const ATTACKED = 'iqn.2026-11.test:attacked';
const HONEST = 'iqn.2026-11.test:honest';
const READ_1 = '28 00 00000000 00 0001 00';
const BLOCK_BYTES = 512;

interface Context {
  portal: ServingPortal;
  address: string;
  targets: Map<string, Target>;
  /** Ends the witness; rejects with what it has seen go wrong. */
  stopWitness: () => Promise<void>;
}

const test = suite<Context>('hostile connections');

function makeTarget(name: string): Target {
  const unit = new LogicalUnit({ store: new MemoryStore({ size_bytes: 16 << 20 }), identity: name });
  return new Target({ name, luns: [1], deviceServer: new TargetDevice([{ lun: 1, unit }]), fenced: false });
}

/** Writes and reads back until it is stopped, and a few times more after the attack on the others. */
async function startWitness(address: string): Promise<() => Promise<void>> {
  let running = true;
  const initiator = new SocketInitiator(address);
  assert.ok(await initiator.login(HONEST, 'iqn.2026-11.test:witness'));
  const work = async (): Promise<void> => {
    let last = Number.POSITIVE_INFINITY;
    for (let rounds = 0; rounds < last; rounds += 1) {
      if (!running && last === Number.POSITIVE_INFINITY) last = rounds + 10;
      const lba = field(rounds % 1_000, 4);
      const data = Buffer.alloc(BLOCK_BYTES, (rounds % 255) + 1);
      const written = await initiator.command('a0', `2a 00 ${lba} 00 0001 00`, BLOCK_BYTES, data);
      assert.is(written?.header[3], 0, 'a write of the witness failed');
      const read = await initiator.command('c0', `28 00 ${lba} 00 0001 00`, BLOCK_BYTES);
      assert.ok(Buffer.concat((read?.data ?? []) as Buffer[]).equals(data), 'the witness read something else');
      await systemClock.sleep(1);
    }
    initiator.socket.destroy();
  };
  const done = work();
  // A failure is for whoever stops it.
  done.catch(() => {});
  return () => {
    running = false;
    return done;
  };
}

test.before.each(async (context) => {
  context.targets = new Map([ATTACKED, HONEST].map((name) => [name, makeTarget(name)]));
  context.portal = new ServingPortal({
    directory: {
      authenticationRequired: false,
      find: (name) => context.targets.get(name),
      visibleTo: () => undefined,
    },
    report: ({ event, facts }) => assert.not.match(String(facts?.reason), 'Internal error', event),
  });
  context.address = await context.portal.listen();
  context.stopWitness = await startWitness(context.address);
});
test.after.each(async ({ portal, stopWitness }) => {
  await stopWitness();
  await portal.close();
});

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

test('a session byte by byte', async ({ address }) => {
  const initiator = new SocketInitiator(address);
  const send = async (bytes: Buffer): Promise<void> => {
    for (const byte of bytes) {
      initiator.socket.write(Buffer.of(byte));
      await nextTurns();
    }
  };
  await send(SocketInitiator.loginBytes(ATTACKED));
  assert.is((await initiator.next())?.header.readUInt16BE(36), 0);
  await send(initiator.commandBytes('80', '00', 0));
  await initiator.next();
  await send(initiator.commandBytes('a0', '2a 00 00000000 00 0001 00', BLOCK_BYTES, Buffer.alloc(BLOCK_BYTES, 7)));
  assert.is((await initiator.next())?.header[3], 0);
  await send(initiator.commandBytes('c0', READ_1, BLOCK_BYTES));
  assert.equal(Buffer.concat((await initiator.next())?.data as Buffer[]), Buffer.alloc(BLOCK_BYTES, 7));
  initiator.socket.destroy();
});

test('a hundred commands in one segment', async ({ address }) => {
  const initiator = new SocketInitiator(address);
  assert.ok(await initiator.login(ATTACKED));
  const commands = Array.from({ length: 100 }, () => initiator.commandBytes('c0', READ_1, BLOCK_BYTES));
  initiator.socket.write(Buffer.concat(commands));
  for (let count = 0; count < 100; count += 1) assert.is((await initiator.next())?.header[3], 0);
  initiator.socket.destroy();
});

test('a login that drips ends when its time is over', ({ targets }) => {
  const bytes = SocketInitiator.loginBytes(ATTACKED);
  const initiator = new TestInitiator({
    authenticationRequired: false,
    find: (name) => targets.get(name),
    visibleTo: () => undefined,
  });
  let seconds = 0;
  for (; initiator.outlet.state === 'open' && seconds < bytes.length; seconds += 1) {
    initiator.connection.push(bytes.subarray(seconds, seconds + 1), initiator.now);
    initiator.wait(1);
  }
  assert.is(initiator.outlet.state, 'destroyed');
  assert.is(seconds, LIMITS.login_ms / 1_000 + 1);
});

test('a port scan, and connections that say nothing: no more than the bound, and nothing is left', async ({
  address,
}) => {
  const before = descriptors();
  const silent = Array.from({ length: LIMITS.connections + 50 }, () => new SocketInitiator(address));
  const turnedAway = (): number => silent.filter(({ closed }) => closed).length;
  await until(
    () => turnedAway() >= silent.length - LIMITS.connectionsInLogin,
    'more connections are kept than the limit allows',
  );
  const honest = new SocketInitiator(address);
  assert.ok(await honest.login(ATTACKED), 'connections that say nothing keep an initiator out');
  // It came after all others, and was answered: what had to be turned away has been.
  assert.ok(silent.length - turnedAway() > 0, 'nobody is let in');
  for (const { socket } of [...silent, honest]) socket.destroy();
  await until(() => descriptors() <= before, 'descriptors are left open');
  const late = new SocketInitiator(address);
  assert.ok(await late.login(ATTACKED), 'nobody is let in afterwards');
  late.socket.destroy();
});

test('a storm of logins of one initiator port: the last one stands, and nothing is left', async ({
  address,
  targets,
}) => {
  const before = descriptors();
  for (let count = 0; count < 200; count += 1) {
    const initiator = new SocketInitiator(address);
    assert.ok(await initiator.login(ATTACKED), `login ${count} was refused`);
    // Half of them vanish without a word; the others are replaced by their successors.
    if (count % 2 === 0) initiator.socket.destroy();
  }
  assert.ok((targets.get(ATTACKED)?.sessions.size ?? 0) <= 1);
  targets.get(ATTACKED)?.sessions.endAll('the test ends', () => {});
  await until(() => descriptors() <= before, 'descriptors are left open');
});

test('one initiator gets no more sessions than the bound', async ({ address, targets }) => {
  const initiators: SocketInitiator[] = [];
  let refused = 0;
  for (let count = 0; count < LIMITS.sessionsPerTarget + 2; count += 1) {
    const initiator = new SocketInitiator(address);
    initiators.push(initiator);
    if (!(await initiator.login(ATTACKED, undefined, `40000001${field(count, 2)}`))) refused += 1;
  }
  assert.is(refused, 2);
  assert.is(targets.get(ATTACKED)?.sessions.size, LIMITS.sessionsPerTarget);
  for (const { socket } of initiators) socket.destroy();
});

test('a peer that asks for a gigabyte and does not read costs no more than the bound', async ({ address }) => {
  const held_bytes = (): number => process.memoryUsage().arrayBuffers;
  const before_bytes = held_bytes();
  const initiator = new SocketInitiator(address);
  assert.ok(await initiator.login(ATTACKED));
  initiator.socket.pause();
  for (let count = 0; count < LIMITS.commands; count += 1) {
    initiator.socket.write(initiator.commandBytes('c0', '28 00 00000000 00 4000 00', 8 << 20));
  }
  let most_bytes = 0;
  const grown_bytes = (): number => {
    most_bytes = Math.max(most_bytes, held_bytes() - before_bytes);
    return most_bytes;
  };
  await until(() => grown_bytes() > 1 << 20, 'nothing was asked for');
  // Nothing leaves, so it ends growing where all that may be held is held.
  for (let looks = 0, last_bytes = 0; looks < 40; looks += 1) {
    await nextTurns();
    if (grown_bytes() > last_bytes) looks = 0;
    last_bytes = most_bytes;
  }
  // The bound is on what commands hold; the witness and Node's own buffers come on top.
  assert.ok(most_bytes <= LIMITS.sessionData_bytes + (16 << 20), `${most_bytes} bytes are held`);
  initiator.socket.destroy();
});

test.run();
