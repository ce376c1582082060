import { mkdirSync, readFileSync, renameSync, rmdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeTakeoverNote } from '../../src/hosts/takeover-note.ts';
import type { ExecOptions, ExecResult, Machine } from '../../src/machine/machine.ts';
import { returnLocalLeg } from '../../src/mirror/primary-legs.ts';
import { resyncLostWrites } from '../../src/operations/resync-lost-writes.ts';
import { type Clock, systemClock } from '../../src/std/clock.ts';
import { SpareError } from '../../src/std/errors.ts';
import { openFileStore } from '../../src/store/open-file-store.ts';
import { condemnRegionFile, readRegionFile, writeRegionFile } from '../../src/store/region-file.ts';
import { cleanRegionRecord, NO_BOOT_ID, type RegionRecord } from '../../src/store/region-record.ts';
import { HostTarget } from '../../src/target/host-target.ts';
import { withVolume } from '../fixtures/configuration.ts';
import { eventually, until } from '../fixtures/eventually.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { FaultyStore } from '../fixtures/store/faulty-store.ts';
import { TakeoverWorld } from './takeover-world.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', 'fixtures', 'mirror', name));
const MIB = 2 ** 20;
/** The leg in the fixture has its data from 1 MiB on: 63 MiB, 1008 chunks. */
const LOST = [
  { offset_bytes: 0, length_bytes: 16 * MIB },
  { offset_bytes: 32 * MIB, length_bytes: 16 * MIB },
];
const LOST_CHUNKS = '0-239 496-751';

/** The array of a primary, in memory: it follows the commands, and can be made to stop at one of them. */
class PrimarySet implements Machine {
  readonly name = 'alpha';
  readonly #world: TakeoverWorld;
  running = true;
  legs: Record<string, string> = { vdb: 'in_sync', sda: 'in_sync,write_mostly' };
  bits: string[] = [];
  chunk_bytes = 65_536;
  /** The head of its own disk. */
  disk = Buffer.alloc(256 * 1024);
  commands: string[] = [];
  /** The connection is lost at this command: before it is done, or after. */
  lostAt: { command: number; when: 'before' | 'after' } | undefined;
  /** Outstanding requests of the standby leg: it cannot be removed before they have ended. */
  requests = 0;

  constructor(world: TakeoverWorld) {
    this.#world = world;
    fixture('insync.sb').copy(this.disk, 4096);
    // The fixture is the standby's leg: the primary's own has the first place.
    fixture('dirty.bitmap').copy(this.disk, 8192);
  }

  async exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    const number = this.commands.length;
    this.commands.push(argv[3] ?? argv[1] ?? '');
    const lose = (when: string) => {
      if (this.lostAt?.command === number && this.lostAt.when === when) {
        throw new SpareError('unreachable', 'SSH_FAILED', 'The connection is lost', { hint: 'Look' });
      }
    };
    lose('before');
    const stdout = this.#perform(argv, options?.input ?? '');
    lose('after');
    return { exitCode: 0, stdout, stderr: '' };
  }

  async writeFile(): Promise<void> {}
  async writeFiles(): Promise<void> {}
  async readFile(): Promise<undefined> {
    return undefined;
  }

  #perform(argv: readonly string[], input: string): string {
    const fail = (why: string) => {
      throw new SpareError('stepFailed', 'COMMAND_FAILED', why, { hint: 'Look' });
    };
    switch (argv[3] ?? argv[1]) {
      case 'mirror-status':
        return this.running ? this.#status() : '';
      case 'drop-leg': {
        const leg = argv[5] ?? '';
        this.legs[leg] = 'faulty,write_mostly';
        if (this.requests-- > 0) return fail('Device or resource busy');
        delete this.legs[leg];
        return '';
      }
      case 'set-bits':
        if (this.legs.sda?.includes('in_sync'))
          fail('Bits were set while the array is in sync: nothing would be resynced');
        this.bits.push(input.trim());
        return '';
      case 'read-directly': {
        const [block, skip, count] = [Number(argv[5]), Number(argv[6]), Number(argv[7])] as const;
        return this.disk.subarray(skip * block, (skip + count) * block).toString('base64');
      }
      default:
        if (argv[1] !== '--assemble') return '';
        assert.is(argv.at(-1), this.#world.volume.localLeg, 'It was started from another leg than its own');
        this.running = true;
        this.legs = { vdb: 'in_sync' };
        return '';
    }
  }

  #status(): string {
    const legs = Object.entries(this.legs).map(([name, state]) => `leg=${name} ${state}`);
    return [`kernelName=md127`, `local=vdb`, `standby=sda`, `bitmap/chunksize=${this.chunk_bytes || ''}`, ...legs].join(
      '\n',
    );
  }
}

interface Context {
  world: TakeoverWorld;
  primary: PrimarySet;
  accepted: number;
  run(): Promise<boolean>;
}
const test = suite<Context>('make good');
test.before.each(async (context) => {
  const world = new TakeoverWorld();
  const primary = new PrimarySet(world);
  await world.begin();
  Object.assign(world, { lost: LOST });
  Object.assign(context, { world, primary, accepted: 0 });
  context.run = () => resyncLostWrites({ ...world.context, primaryMachine: primary });
  // What must hold in the moment in which the target forgets what is lost, however it came to it.
  world.onAccept = () => {
    context.accepted += 1;
    if (!primary.legs.vdb?.includes('in_sync')) world.violations.push('the primary has no leg in sync');
    if (primary.legs.sda !== undefined) world.violations.push('the set holds the leg still');
    if (world.record?.owner !== 'primary') world.violations.push('the set runs alone, and nobody has said so');
    if (!primary.bits.includes(LOST_CHUNKS)) world.violations.push(`marked is ${primary.bits.join('; ')}`);
  };
});
test.after.each(async ({ world }) => {
  await world.end();
});

async function refusal(promise: Promise<unknown>): Promise<SpareError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, SpareError);
    return error as SpareError;
  }
  throw new Error('It should have been refused');
}

test('drops the leg that still looks in sync, marks what is lost, and only then has the LUN served', async (context) => {
  const { world, primary } = context;
  assert.is(await context.run(), true);
  assert.equal([world.lost, world.violations, context.accepted], [[], [], 1]);
  assert.equal(primary.bits, [LOST_CHUNKS]);
  assert.is(await context.run(), false);
  assert.is(context.accepted, 1);
});

test('a leg that was dropped already is removed; with outstanding requests, the removal waits', async (context) => {
  Object.assign(context.primary, { legs: { vdb: 'in_sync', sda: 'faulty,write_mostly' }, requests: 1 });
  await context.run();
  assert.equal([context.world.lost, context.world.violations], [[], []]);
  assert.is(context.primary.commands.filter((command) => command === 'drop-leg').length, 2);
});

for (const when of ['before', 'after'] as const) {
  test(`stopped ${when} any command, the LUN stays refused, and done again it ends`, async (context) => {
    const { world, primary } = context;
    for (const running of [true, false]) {
      const start = () => {
        Object.assign(primary, { running, legs: { vdb: 'in_sync', sda: 'in_sync' }, bits: [], commands: [] });
        Object.assign(world, { lost: LOST });
        world.report();
      };
      start();
      await context.run();
      const count = primary.commands.length;
      for (let command = 0; command < count; command += 1) {
        start();
        primary.lostAt = { command, when };
        // Some commands are tried again at once.
        await context.run().catch(() => assert.equal(world.lost, LOST, `command ${command}`));
        primary.lostAt = undefined;
        await context.run();
        assert.equal([world.lost, world.violations], [[], []], `command ${command}`);
      }
    }
  });
}

test('both have lost their power: the set is started from the primary alone', async (context) => {
  context.primary.running = false;
  await context.run();
  assert.equal([context.world.lost, context.world.violations], [[], []]);
});

test('in fill the standby leg is the only complete one, whatever the array says', async (context) => {
  await context.world.own('fill');
  assert.is((await refusal(context.run())).code, 'ONLY_COPY_LOST_WRITES');
  context.world.leg = Buffer.alloc(4096);
  context.primary.running = false;
  assert.is(
    (await refusal(context.run())).code,
    'ONLY_COPY_LOST_WRITES',
    'nor that its superblock is among what was lost',
  );
  assert.equal([context.world.lost, context.world.record?.owner, context.accepted], [LOST, 'fill', 0]);
});

const notWhole: [what: string, prepare: (context: Context) => void][] = [
  ['its own leg is being copied', ({ primary }) => Object.assign(primary.legs, { vdb: 'spare' })],
  ['its own leg is faulty', ({ primary }) => Object.assign(primary.legs, { vdb: 'in_sync,faulty' })],
  [
    'its own disk says, before the set runs, that it is being copied',
    ({ primary }) => {
      primary.running = false;
      fixture('recovering.sb').copy(primary.disk, 4096);
    },
  ],
  [
    'its own disk is older than the standby leg',
    ({ primary, world }) => {
      primary.running = false;
      world.leg = Buffer.from(world.leg);
      world.leg.writeBigUInt64LE(world.leg.readBigUInt64LE(200) + 2n, 200);
    },
  ],
  [
    'its own disk is new',
    ({ primary }) => {
      primary.running = false;
      primary.disk.fill(0);
    },
  ],
];
for (const [what, prepare] of notWhole) {
  test(`if the standby leg is the only complete copy, nothing is done: ${what}`, async (context) => {
    prepare(context);
    const error = await refusal(context.run());
    assert.equal([error.code, error.exitCode], ['ONLY_COPY_LOST_WRITES', 4]);
    assert.match(error.hint, 'spare failover alpha --allow-data-loss');
    assert.equal([context.world.lost, context.primary.bits, context.accepted], [LOST, [], 0]);
    assert.is(context.world.record?.owner, 'pair');
    assert.not.ok(context.primary.commands.includes('drop-leg') || context.primary.commands.includes('--assemble'));
  });
}

test('a leg without a superblock of this array needs no marks, because it gets a full resync', async (context) => {
  context.world.onAccept = () => {};
  context.world.leg = Buffer.alloc(4096);
  await context.run();
  assert.equal([context.world.lost, context.primary.bits, context.primary.legs.sda], [[], [], undefined]);
  Object.assign(context.world, { lost: LOST });
  context.primary.running = false;
  context.primary.disk.fill(0);
  assert.is(await context.run(), true, 'an enrolment that had not created its array');
});

test('an array without a bitmap is reported', async (context) => {
  context.primary.chunk_bytes = 0;
  assert.is((await refusal(context.run())).code, 'NO_BITMAP');
  assert.equal(context.world.lost, LOST);
});

test('what the standby serves is not touched', async (context) => {
  await context.world.own('standby');
  assert.is(await context.run(), false);
  assert.equal(context.primary.commands, []);
});

test('after a forced failover, the lost ranges are resynced with the rest', async ({ world, primary }) => {
  await world.own('fill');
  const epoch = world.record?.takenIn ?? 0;
  writeTakeoverNote('alpha', 'data', { version: 1, epoch, at: '2026-01-01', proven: false, reasons: [], lost: LOST });
  primary.legs = { sda: 'in_sync' };
  const machine: Machine = {
    name: 'alpha',
    writeFile: () => primary.writeFile(),
    writeFiles: () => primary.writeFiles(),
    readFile: () => primary.readFile(),
    async exec(argv, options) {
      if (argv[2] === '--re-add') primary.legs.vdb = 'spare';
      // Bits may be set while the primary's own leg is missing.
      if (argv[3] !== 'set-bits') return primary.exec(argv, options);
      primary.bits.push(options?.input?.trim() ?? '');
      return { exitCode: 0, stdout: '', stderr: '' };
    },
  };
  assert.is(await returnLocalLeg({ ...world.context, primaryMachine: machine }), 'incremental');
  assert.equal(primary.bits, ['0-1007', LOST_CHUNKS]);
  writeTakeoverNote('alpha', 'data', { version: 1, epoch: 1, at: '2026-01-01', proven: true, reasons: [], lost: [] });
  primary.legs = { sda: 'in_sync' };
  const added: Machine = {
    ...machine,
    exec: (argv, options) => {
      if (argv[2] === '--add') primary.legs.vdb = 'spare';
      return machine.exec(argv, options);
    },
  };
  assert.is(await returnLocalLeg({ ...world.context, primaryMachine: added }), 'full', 'a note of another takeover');
});

/** The target itself, over a file on a disk that can be told to fail. */
function serveReally(
  { world }: Context,
  clock: Clock = systemClock,
): { target: HostTarget; disks: FaultyStore[]; losses: () => number } {
  const folder = join(world.root, 'pool', 'alpha');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'leg.img');
  writeFileSync(path, '');
  truncateSync(path, 64 * MIB);
  world.host = withVolume(world.host, { standbyLeg: { path, size_bytes: 64 * MIB, folder } });
  const disks: FaultyStore[] = [];
  let losses = 0;
  const target = new HostTarget(world.host, folder, {
    clock,
    onLost: () => (losses += 1),
    openStore: () => {
      const disk = new FaultyStore(openFileStore({ path }));
      disks.push(disk);
      return disk;
    },
  });
  target.open();
  world.target = target;
  return { target, disks, losses: () => losses };
}

function execute(target: HostTarget, cdb: string, data = Buffer.alloc(0)): Promise<number> {
  const task = {
    nexus: { id: 'n', initiatorName: 'i' },
    lun: 1,
    cdb: Buffer.from(cdb.padEnd(32, '0'), 'hex'),
    dataOut: [data],
    dataOutLength_bytes: data.length,
    aborted: false,
  };
  return new Promise((resolve) => target.target.deviceServer?.execute(task, ({ status }) => resolve(status)));
}

/** Writes a block, after the unit attention that every new unit begins with. */
async function write(target: HostTarget): Promise<void> {
  await execute(target, '00');
  assert.is(await execute(target, WRITE, Buffer.alloc(512, 1)), 0);
}

/** WRITE (10) of a block at 40 MiB, SYNCHRONIZE CACHE (10). */
const WRITE = '2a000001400000000100';
const FLUSH = '35';
const WRITTEN = [{ offset_bytes: 32 * MIB, length_bytes: 16 * MIB }];

test('a failed flush closes the LUN, and is handled like a power loss', async (context) => {
  const { world, primary } = context;
  const { target, disks, losses } = serveReally(context);
  await write(target);
  disks[0]?.break('flush', { kind: 'error', code: 'EIO' });
  assert.is(await execute(target, FLUSH), 2);
  assert.equal(target.unit('data').lost, WRITTEN, 'it is told at once');
  await eventually(() => assert.is(losses(), 1));
  assert.is(target.target.deviceServer, undefined, 'the LUN is closed');
  target.open();
  assert.is(target.target.deviceServer, undefined, 'and stays so');
  const restarted = new HostTarget(world.host, join(world.root, 'pool', 'alpha'));
  restarted.open();
  assert.equal(
    [restarted.unit('data').lost, restarted.target.deviceServer],
    [WRITTEN, undefined],
    'after a restart, too',
  );
  assert.equal(readRegionFile(join(world.root, 'pool', 'alpha', 'regions')), {
    ...(readRegionFile(join(world.root, 'pool', 'alpha', 'regions')) as RegionRecord),
    bootId: NO_BOOT_ID,
  });

  world.onAccept = () => {
    context.accepted += 1;
    assert.equal(primary.bits, ['496-751']);
  };
  assert.is(await context.run(), true);
  assert.equal([context.accepted, disks.length, target.unit('data').lost], [1, 2, []]);
  await write(target);
  assert.is(await execute(target, FLUSH), 0);
  assert.is(await context.run(), false, 'nothing is left to be made good');
  await target.close('the test ends');
});

test('accepted while it closes, it is closed first; while the record is unreadable the loss is still reported', async (context) => {
  context.world.onAccept = () => {};
  const clock = new FakeClock();
  const { target, disks } = serveReally(context, clock);
  const regions = join(context.world.root, 'pool', 'alpha', 'regions');
  await write(target);
  disks[0]?.break('flush', { kind: 'error', code: 'EIO' });
  assert.is(await execute(target, FLUSH), 2);
  await target.accept('data');
  assert.equal([disks.length, target.unit('data').lost], [2, []]);
  await write(target);
  // The folder of the record is gone with its disk, then it is back.
  renameSync(join(regions, '..'), `${join(regions, '..')}.gone`);
  disks[1]?.break('flush', { kind: 'error', code: 'EIO' });
  assert.is(await execute(target, FLUSH), 2);
  await target.close('waited for').catch(() => {});
  await until(() => clock.waiting === 1, 'it tries again later');
  assert.equal(target.unit('data').lost, [{ offset_bytes: 0, length_bytes: 64 * MIB }]);
  renameSync(`${join(regions, '..')}.gone`, join(regions, '..'));
  await clock.advance(1_000);
  assert.equal(target.unit('data').lost, WRITTEN);
  target.open();
  assert.is(target.target.deviceServer, undefined);
});

test('if a process ended before it could record the failure, the next one gets it and records it', async (context) => {
  const { world } = context;
  const failures: boolean[] = [];
  const { target } = serveReally(context);
  await write(target);
  const folder = join(world.root, 'pool', 'alpha');
  const clock = new FakeClock();
  const next = (failed: boolean) =>
    new HostTarget(world.host, folder, {
      failed: failed ? ['data'] : [],
      clock,
      onFailed: (_volume, now) => failures.push(now),
    });
  // As it was left: nothing in the record tells of it, and its disk is away.
  renameSync(folder, `${folder}.gone`);
  const told = next(true);
  told.open();
  await until(() => clock.waiting === 1, 'it tries again later');
  assert.equal([told.target.deviceServer, told.unit('data').lost.length, failures], [undefined, 1, [true]]);
  renameSync(`${folder}.gone`, folder);
  await clock.advance(1_000);
  assert.equal(failures, [true, false]);
  assert.equal(told.unit('data').lost, WRITTEN);
  const restarted = next(false);
  restarted.open();
  assert.equal([restarted.unit('data').lost, restarted.target.deviceServer], [WRITTEN, undefined]);
  // It has the lock still.
  await target.close('it has ended');
  await told.accept('data');
  assert.equal([failures, told.unit('data').lost], [[true, false, false], []]);
  await told.close('the test ends');
});

test('a record that can not be read says nothing: the failure is not forgotten before one was written', async ({
  world,
}) => {
  const failures: boolean[] = [];
  const folder = join(world.root, 'pool', 'alpha');
  const regions = join(folder, 'regions');
  world.host = withVolume(world.host, { standbyLeg: { ...world.volume.standbyLeg, folder } });
  // Reading it ends in EISDIR, as it might in EIO.
  mkdirSync(regions, { recursive: true });
  assert.throws(() => condemnRegionFile(regions), /EISDIR/);
  const clock = new FakeClock();
  const target = new HostTarget(world.host, folder, {
    failed: ['data'],
    clock,
    onFailed: (_volume, now) => failures.push(now),
  });
  await until(() => clock.waiting === 1, 'it tries again later');
  assert.equal([failures, target.unit('data').lost.length], [[true], 1]);
  rmdirSync(regions);
  const { size_bytes } = world.volume.standbyLeg;
  const record = cleanRegionRecord(size_bytes, '11111111-2222-3333-4444-555555555555');
  record.marks.fill(1);
  writeRegionFile(regions, record);
  await clock.advance(1_000);
  assert.equal(failures, [true, false]);
  assert.is((readRegionFile(regions) as RegionRecord).bootId, NO_BOOT_ID);
});

test('a record that was emptied by hand says that everything may be missing, in the same boot too', async (context) => {
  const { world } = context;
  const { target } = serveReally(context);
  await target.close('its disk has dropped out');
  truncateSync(join(world.root, 'pool', 'alpha', 'regions'));
  target.open();
  const everything = [{ offset_bytes: 0, length_bytes: 64 * MIB }];
  assert.equal([target.unit('data').lost, target.target.deviceServer], [everything, undefined]);
  world.onAccept = () => {};
  assert.is(await context.run(), true);
  assert.equal([context.primary.bits, target.unit('data').lost], [['0-1007'], []]);
  await target.close('the test ends');
});

test('a disk that fails again during the acceptance is reported', async (context) => {
  const { world } = context;
  world.onAccept = () => {
    // As the status says a moment later.
    world.lost = LOST;
  };
  const error = await refusal(context.run());
  assert.equal([error.code, error.exitCode], ['STILL_LOSING', 5]);
  assert.match(error.message, '16 MiB at offset 0 MiB');
});

test.run();
