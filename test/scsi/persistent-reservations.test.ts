import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceServer, Nexus } from '../../src/scsi/task.ts';
import { SpareError } from '../../src/std/errors.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { nextTurns } from '../fixtures/eventually.ts';
import { FaultyStore } from '../fixtures/store/faulty-store.ts';
import { ALICE, BOB, brief, cdbOf, dataOf, makeUnit, run, UNIT_SIZE_BYTES } from './unit-harness.ts';

const test = suite('persistent reservations');

const CAROL: Nexus = { id: 'iqn.2026-11.test:carol,i,0x000000000001,t,1', initiatorName: 'iqn.2026-11.test:carol' };

const ACTION = {
  register: 0,
  reserve: 1,
  release: 2,
  clear: 3,
  preempt: 4,
  preemptAndAbort: 5,
  registerAndIgnore: 6,
} as const;

interface Out {
  nexus?: Nexus;
  type?: number;
  key?: number;
  actionKey?: number;
  flags?: number;
}

/** PERSISTENT RESERVE OUT in short. */
async function out(unit: DeviceServer, action: keyof typeof ACTION, options: Out = {}): Promise<string> {
  const list = Buffer.alloc(24);
  list.writeBigUInt64BE(BigInt(options.key ?? 0), 0);
  list.writeBigUInt64BE(BigInt(options.actionKey ?? 0), 8);
  list[20] = options.flags ?? 0;
  const scopeAndType = (options.type ?? 0).toString(16).padStart(2, '0');
  const cdb = `5f 0${ACTION[action]} ${scopeAndType} 0000 00000018 00`;
  return brief(await run(unit, cdb, { nexus: options.nexus ?? ALICE, data: list }));
}

async function keys(unit: DeviceServer): Promise<number[]> {
  const data = await dataOf(unit, '5e 00 00 00 00 00 00 00ff 00');
  assert.is(data.readUInt32BE(4), data.length - 8);
  return Array.from({ length: (data.length - 8) / 8 }, (_, index) => Number(data.readBigUInt64BE(8 + 8 * index)));
}

/** Key and type of the reservation; `undefined` where there is none. */
async function reservation(unit: DeviceServer): Promise<[key: number, type: number] | undefined> {
  const data = await dataOf(unit, '5e 01 00 00 00 00 00 00ff 00');
  return data.length === 8 ? undefined : [Number(data.readBigUInt64BE(8)), data[21] ?? 0];
}

async function generation(unit: DeviceServer): Promise<number> {
  return (await dataOf(unit, '5e 00 00 00 00 00 00 00ff 00')).readUInt32BE(0);
}

const READ = '28 00 00000000 00 0001 00';
const WRITE = '2a 00 00000000 00 0001 00';
const read = async (unit: DeviceServer, nexus: Nexus) => brief(await run(unit, READ, { nexus }));
const write = async (unit: DeviceServer, nexus: Nexus) =>
  brief(await run(unit, WRITE, { nexus, data: Buffer.alloc(512, 1) }));

/** Alice (key 1) and Bob (key 2) are registered, Carol is not; Alice holds a reservation of the type. */
async function reserved(type: number): Promise<DeviceServer> {
  const unit = await makeUnit();
  await run(unit, '00', { nexus: CAROL });
  assert.is(await out(unit, 'register', { actionKey: 1 }), 'good');
  assert.is(await out(unit, 'register', { nexus: BOB, actionKey: 2 }), 'good');
  assert.is(await out(unit, 'reserve', { type, key: 1 }), 'good');
  return unit;
}

test('registering takes the right key; unregistering is registering 0', async () => {
  const unit = await makeUnit();
  assert.is(await out(unit, 'register', { key: 9, actionKey: 1 }), 'conflict');
  assert.is(await out(unit, 'register', { actionKey: 0 }), 'good');
  assert.equal(await keys(unit), []);
  assert.is(await generation(unit), 0);
  assert.is(await out(unit, 'register', { actionKey: 1 }), 'good');
  assert.is(await out(unit, 'register', { key: 2, actionKey: 3 }), 'conflict');
  assert.is(await out(unit, 'register', { key: 1, actionKey: 3 }), 'good');
  assert.is(await out(unit, 'registerAndIgnore', { key: 77, actionKey: 4 }), 'good');
  assert.equal(await keys(unit), [4]);
  assert.is(await generation(unit), 3);
  assert.is(await out(unit, 'register', { key: 4, actionKey: 0 }), 'good');
  assert.equal(await keys(unit), []);
});

test('what is wrong is refused', async () => {
  const unit = await makeUnit();
  assert.is(await out(unit, 'reserve', { type: 1, key: 1 }), 'conflict');
  await out(unit, 'register', { actionKey: 1 });
  assert.is(await out(unit, 'reserve', { type: 0, key: 1 }), '5 24/00@2');
  assert.is(await out(unit, 'reserve', { type: 2, key: 1 }), '5 24/00@2');
  assert.is(await out(unit, 'reserve', { type: 9, key: 1 }), '5 24/00@2');
  assert.is(await out(unit, 'reserve', { type: 0x11, key: 1 }), '5 24/00@2');
  assert.is(await out(unit, 'reserve', { type: 1, key: 2 }), 'conflict');
  assert.is(await out(unit, 'register', { key: 1, actionKey: 1, flags: 0x08 }), '5 26/00@20');
  assert.is(await out(unit, 'register', { key: 1, actionKey: 1, flags: 0x01 }), '5 26/00@20');
  assert.is(brief(await run(unit, '5f 00 00 0000 00000018 00', { data: Buffer.alloc(23) })), '5 1a/00');
  assert.is(brief(await run(unit, '5f 00 00 0000 00000019 00', { data: Buffer.alloc(25) })), '5 1a/00');
  assert.is(await out(unit, 'preempt', { type: 1, key: 1, actionKey: 0 }), '5 26/00@8');
  assert.is(await out(unit, 'preempt', { type: 1, key: 1, actionKey: 5 }), 'conflict');
  assert.equal(await keys(unit), [1]);
});

/** Who may read and write: the holder, another registrant, a stranger. */
const ACCESS: readonly (readonly [type: number, registrant: [string, string], stranger: [string, string]])[] = [
  [1, ['good', 'conflict'], ['good', 'conflict']],
  [3, ['conflict', 'conflict'], ['conflict', 'conflict']],
  [5, ['good', 'good'], ['good', 'conflict']],
  [6, ['good', 'good'], ['conflict', 'conflict']],
  [7, ['good', 'good'], ['good', 'conflict']],
  [8, ['good', 'good'], ['conflict', 'conflict']],
];

test('who may read and write under each type', async () => {
  for (const [type, registrant, stranger] of ACCESS) {
    const unit = await reserved(type);
    assert.equal([await read(unit, ALICE), await write(unit, ALICE)], ['good', 'good'], `holder, type ${type}`);
    assert.equal([await read(unit, BOB), await write(unit, BOB)], registrant, `registrant, type ${type}`);
    assert.equal([await read(unit, CAROL), await write(unit, CAROL)], stranger, `stranger, type ${type}`);
  }
});

test('no command that changes the medium passes by a reservation', async () => {
  const unit = await reserved(1);
  const block = Buffer.alloc(512);
  const rows: readonly (readonly [string, Buffer])[] = [
    ['0a 00 0000 01 00', block],
    ['2e 00 00000000 00 0001 00', block],
    ['41 00 00000000 00 0001 00', block],
    ['93 08 0000000000000000 00000001 00 00', block],
    ['42 00 00 00 00 00 00 0018 00', Buffer.alloc(24)],
    ['89 00 0000000000000000 000000 01 00 00', Buffer.alloc(1024)],
    ['8b 00 0000000000000000 00000001 00 00', block],
    ['35', Buffer.alloc(0)],
    ['1b 00 00 00 00 00', Buffer.alloc(0)],
    ['1e 00 00 00 01 00', Buffer.alloc(0)],
    ['15 10 00 00 00 00', Buffer.alloc(0)],
  ];
  for (const [cdb, data] of rows) assert.is(brief(await run(unit, cdb, { nexus: CAROL, data })), 'conflict', cdb);
});

test('what everybody may ask under any reservation', async () => {
  const unit = await reserved(3);
  const cdbs = [
    '00',
    '12 00 00 00 ff 00',
    'a0 00 00 000000 00000010 00 00',
    '03 00 00 00 ff 00',
    '25',
    '1b 00 00 00 01 00',
  ];
  for (const cdb of [
    ...cdbs,
    '9e 10 0000000000000000 00000020 00 00',
    '5e 01 00 00 00 00 00 00ff 00',
    'a3 0a 0000 0000 000000ff',
  ]) {
    assert.is(brief(await run(unit, cdb, { nexus: CAROL })), 'good', cdb);
  }
});

test('a reservation can be made again by its holder only, with the same type', async () => {
  const unit = await reserved(5);
  assert.is(await out(unit, 'reserve', { type: 5, key: 1 }), 'good');
  assert.is(await out(unit, 'reserve', { type: 6, key: 1 }), 'conflict');
  assert.is(await out(unit, 'reserve', { nexus: BOB, type: 5, key: 2 }), 'conflict');
  assert.equal(await reservation(unit), [1, 5]);
});

test('of the All Registrants types everybody is the holder, and the last one out ends it', async () => {
  const unit = await reserved(7);
  assert.equal(await reservation(unit), [0, 7]);
  assert.is(await out(unit, 'reserve', { nexus: BOB, type: 7, key: 2 }), 'good');
  assert.is(await out(unit, 'register', { key: 1, actionKey: 0 }), 'good');
  assert.equal(await reservation(unit), [0, 7]);
  assert.is(await out(unit, 'register', { nexus: BOB, key: 2, actionKey: 0 }), 'good');
  assert.is(await reservation(unit), undefined);
});

test('releasing', async () => {
  const unit = await reserved(5);
  assert.is(await out(unit, 'release', { nexus: BOB, type: 5, key: 2 }), 'good');
  assert.equal(await reservation(unit), [1, 5]);
  assert.is(await out(unit, 'release', { type: 5, key: 9 }), 'conflict');
  assert.is(await out(unit, 'release', { type: 1, key: 1 }), '5 26/04');
  assert.is(await out(unit, 'release', { type: 5, key: 1 }), 'good');
  assert.is(await reservation(unit), undefined);
  assert.is(await out(unit, 'release', { type: 5, key: 1 }), 'good');
  // Bob, a registrant of a Registrants Only reservation, is told.
  assert.is(brief(await run(unit, '00', { nexus: BOB })), '6 2a/04');
  assert.is(brief(await run(unit, '00', { nexus: CAROL })), 'good');
});

test('a holder that unregisters releases its reservation', async () => {
  const unit = await reserved(5);
  assert.is(await out(unit, 'register', { key: 1, actionKey: 0 }), 'good');
  assert.is(await reservation(unit), undefined);
  assert.is(brief(await run(unit, '00', { nexus: BOB })), '6 2a/04');
});

test('clearing', async () => {
  const unit = await reserved(1);
  assert.is(await out(unit, 'clear', { nexus: CAROL, key: 2 }), 'conflict');
  assert.is(await out(unit, 'clear', { nexus: BOB, key: 2 }), 'good');
  assert.is(brief(await run(unit, '00')), '6 2a/03');
  assert.equal(await keys(unit), []);
  assert.is(await reservation(unit), undefined);
});

test('preempting a registrant removes it; preempting the holder takes the reservation over', async () => {
  const unit = await reserved(1);
  await out(unit, 'register', { nexus: CAROL, actionKey: 3 });
  assert.is(await out(unit, 'preempt', { nexus: BOB, type: 1, key: 2, actionKey: 3 }), 'good');
  assert.equal(await keys(unit), [1, 2]);
  assert.equal(await reservation(unit), [1, 1]);
  assert.is(brief(await run(unit, '00', { nexus: CAROL })), '6 2a/05');
  assert.is(await out(unit, 'preemptAndAbort', { nexus: BOB, type: 3, key: 2, actionKey: 1 }), 'good');
  assert.is(brief(await run(unit, '00')), '6 2a/05');
  assert.equal(await keys(unit), [2]);
  assert.equal(await reservation(unit), [2, 3]);
  assert.is(await read(unit, ALICE), 'conflict');
});

test('preempting oneself changes the type, and the registrants that lose by it are notified', async () => {
  const unit = await reserved(5);
  assert.is(await out(unit, 'preempt', { type: 1, key: 1, actionKey: 1 }), 'good');
  assert.equal(await reservation(unit), [1, 1]);
  assert.is(brief(await run(unit, '00', { nexus: BOB })), '6 2a/04');
  assert.is(await write(unit, BOB), 'conflict');
});

test('preempting an All Registrants reservation with 0 removes everybody else', async () => {
  const unit = await reserved(8);
  assert.is(await out(unit, 'preempt', { nexus: BOB, type: 1, key: 2, actionKey: 0 }), 'good');
  assert.is(brief(await run(unit, '00')), '6 2a/05');
  assert.equal(await keys(unit), [2]);
  assert.equal(await reservation(unit), [2, 1]);
});

test('registrations survive the loss of a nexus and a reset', async () => {
  const unit = await reserved(1);
  unit.nexusLost(ALICE);
  unit.reset();
  await run(unit, '00');
  await run(unit, '00', { nexus: BOB });
  assert.equal(await keys(unit), [1, 2]);
  assert.is(await write(unit, ALICE), 'good');
  assert.is(await write(unit, BOB), 'conflict');
});

test('capabilities, with and without a place to keep reservations', async () => {
  const plain = await dataOf(await makeUnit(), '5e 02 00 00 00 00 00 00ff 00');
  assert.is(plain.toString('hex'), '00081480ea010000');
});

test('full status names every registrant by its port', async () => {
  const unit = await reserved(1);
  const data = await dataOf(unit, '5e 03 00 00 00 00 00 0fff 00');
  const found = [];
  for (let at = 8; at < data.length; ) {
    const length = data.readUInt32BE(at + 20);
    const name = data.toString('utf8', at + 28, at + 24 + length).replaceAll('\0', '');
    found.push([Number(data.readBigUInt64BE(at)), data[at + 12], data[at + 13], data[at + 24], name]);
    assert.is(length % 4, 0);
    assert.is(data.readUInt16BE(at + 26), length - 4);
    at += 24 + length;
  }
  assert.equal(found, [
    [1, 1, 1, 0x45, 'iqn.2026-11.test:alice,i,0x0000deadbeef'],
    [2, 0, 0, 0x45, 'iqn.2026-11.test:bob,i,0x0000deadbeef'],
  ]);
});

test('READ KEYS cut at the allocation length reports the full length', async () => {
  const unit = await reserved(1);
  const data = await dataOf(unit, '5e 00 00 00 00 00 00 000c 00');
  assert.is(data.length, 12);
  assert.is(data.readUInt32BE(4), 16);
});

test('there is a limit to registrations', async () => {
  const unit = await makeUnit();
  let outcome = '';
  for (let index = 0; index < 129; index += 1) {
    const nexus = { id: `visitor ${index}`, initiatorName: 'visitor' };
    await run(unit, '00', { nexus });
    outcome = await out(unit, 'register', { nexus, actionKey: index + 1 });
  }
  assert.is(outcome, '5 55/04');
  assert.is(await generation(unit), 128);
});

test('RESERVE and RELEASE do nothing for registrants, and are refused to others, as long as there are registrations', async () => {
  const unit = await reserved(1);
  assert.is(brief(await run(unit, '16', { nexus: BOB })), 'good');
  assert.is(brief(await run(unit, '17', { nexus: BOB })), 'good');
  assert.is(brief(await run(unit, '16', { nexus: CAROL })), 'conflict');
  assert.is(brief(await run(unit, '17', { nexus: CAROL })), 'conflict');
  assert.is(await write(unit, ALICE), 'good');
});

test('RESERVE of one nexus stops every other until it is released, the nexus is lost, or the unit is reset', async () => {
  const ends: readonly ((unit: DeviceServer) => unknown)[] = [
    (unit) => run(unit, '17'),
    (unit) => run(unit, '57'),
    (unit) => unit.nexusLost(ALICE),
    async (unit) => {
      unit.reset();
      await run(unit, '00', { nexus: BOB });
    },
  ];
  for (const end of ends) {
    const unit = await makeUnit();
    assert.is(brief(await run(unit, '16')), 'good');
    assert.is(brief(await run(unit, '56')), 'good');
    for (const cdb of [READ, '16', '00', '1a 08 08 00 ff 00', '5e 00 00 00 00 00 00 00ff 00']) {
      assert.is(brief(await run(unit, cdb, { nexus: BOB })), 'conflict', cdb);
    }
    assert.is(brief(await run(unit, '17', { nexus: BOB })), 'good', 'releasing what somebody else holds does nothing');
    assert.is(await write(unit, BOB), 'conflict');
    assert.is(brief(await run(unit, '12 00 00 00 ff 00', { nexus: BOB })), 'good');
    assert.is(await write(unit, ALICE), 'good');
    await end(unit);
    assert.is(await write(unit, BOB), 'good');
  }
  assert.is(brief(await run(await makeUnit(), '16 10')), '5 24/00@1');
});

const durable = suite<{ directory: string; path: string }>('persistent reservations across a power loss');
durable.before.each((context) => {
  context.directory = fs.mkdtempSync(join(tmpdir(), 'spare-reservations-'));
  context.path = join(context.directory, 'reservations.json');
});
durable.after.each(({ directory }) => {
  fs.rmSync(directory, { recursive: true });
});

durable('with APTPL they are there again, and keep others out from the first command on', async ({ path }) => {
  const before = await makeUnit({ reservationsPath: path });
  assert.is(await out(before, 'register', { actionKey: 1, flags: 0x01 }), 'good');
  assert.is(await out(before, 'reserve', { type: 1, key: 1 }), 'good');
  assert.is(fs.statSync(path).mode & 0o777, 0o600);
  const after = await makeUnit({ reservationsPath: path });
  assert.equal(await keys(after), [1]);
  assert.equal(await reservation(after), [1, 1]);
  assert.is(await generation(after), 1);
  assert.is(await write(after, BOB), 'conflict');
  assert.is(await write(after, ALICE), 'good');
  assert.is((await dataOf(after, '5e 02 00 00 00 00 00 00ff 00')).toString('hex'), '00081581ea010000');
});

durable('without APTPL nothing is kept, and a later registration without it forgets what was', async ({ path }) => {
  const before = await makeUnit({ reservationsPath: path });
  assert.is(await out(before, 'register', { actionKey: 1, flags: 0x01 }), 'good');
  assert.is(await out(before, 'registerAndIgnore', { actionKey: 2 }), 'good');
  assert.not(fs.existsSync(path));
  assert.equal(await keys(await makeUnit({ reservationsPath: path })), []);
});

durable('keys of 64 bits are kept exactly', async ({ path }) => {
  const unit = await makeUnit({ reservationsPath: path });
  const list = Buffer.from('0000000000000000fedcba98765432100000000001000000', 'hex');
  assert.is(brief(await run(unit, '5f 00 00 0000 00000018 00', { data: list })), 'good');
  const again = await makeUnit({ reservationsPath: path });
  assert.is((await dataOf(again, '5e 00 00 00 00 00 00 00ff 00')).toString('hex', 8), 'fedcba9876543210');
});

durable('what can not be made durable is not acknowledged', async ({ directory, path }) => {
  const unit = await makeUnit({ reservationsPath: join(directory, 'missing', 'reservations.json') });
  assert.is(await out(unit, 'register', { actionKey: 1, flags: 0x01 }), '4 44/00');
  assert.equal(await keys(unit), []);
  assert.not(fs.existsSync(path));
});

durable('a file that can not be understood stops the start', async ({ path }) => {
  for (const content of ['', '{', '{"version":2}', '{"version":1}']) {
    fs.writeFileSync(path, content);
    try {
      await makeUnit({ reservationsPath: path });
      assert.unreachable(content);
    } catch (error) {
      assert.ok(error instanceof SpareError, content);
      assert.is(error.code, 'RESERVATIONS_UNREADABLE');
    }
  }
});

test('PREEMPT AND ABORT: no write of the preempted lands after GOOD, and it gets no response', async () => {
  const store = new FaultyStore(new MemoryStore({ size_bytes: UNIT_SIZE_BYTES }));
  const unit = await makeUnit({ store });
  await out(unit, 'register', { nexus: BOB, actionKey: 2 });
  await out(unit, 'register', { actionKey: 1 });
  await out(unit, 'reserve', { nexus: BOB, type: 5, key: 2 });
  store.break('write', { kind: 'stuck' });
  const task = {
    nexus: BOB,
    lun: 1,
    cdb: cdbOf('2a 00 00000000 00 0001 00'),
    dataOut: [Buffer.alloc(512, 9)],
    dataOutLength_bytes: 512,
    aborted: false,
  };
  let written = false;
  unit.execute(task, () => {
    written = true;
  });
  let ended = false;
  const preempted = out(unit, 'preemptAndAbort', { type: 5, key: 1, actionKey: 2 }).then((result) => {
    ended = true;
    return result;
  });
  await nextTurns(10);
  assert.ok(task.aborted);
  assert.not.ok(ended, 'GOOD came while the write could still land');
  store.heal();
  assert.is(await preempted, 'good');
  assert.ok(written);
  assert.equal(await reservation(unit), [1, 5]);
});

test('PREEMPT alone waits for nobody', async () => {
  const store = new FaultyStore(new MemoryStore({ size_bytes: UNIT_SIZE_BYTES }));
  const unit = await makeUnit({ store });
  await out(unit, 'register', { nexus: BOB, actionKey: 2 });
  await out(unit, 'register', { actionKey: 1 });
  store.break('write', { kind: 'stuck' });
  const writing = run(unit, '2a 00 00000000 00 0001 00', { nexus: BOB, data: Buffer.alloc(512, 9) });
  assert.is(await out(unit, 'preempt', { type: 5, key: 1, actionKey: 2 }), 'good');
  store.heal();
  assert.is(brief(await writing), 'good');
});

test.run();
