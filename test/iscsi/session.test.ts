import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteBudget } from '../../src/iscsi/byte-budget.ts';
import { LIMITS } from '../../src/iscsi/limits.ts';
import { Target } from '../../src/iscsi/target.ts';
import { field, pduBytes, text } from '../fixtures/iscsi/bytes.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';
import { directoryOf, INITIATOR, ISID, type Response, TestInitiator } from '../fixtures/iscsi/test-initiator.ts';

const test = suite('Session');

const READ_1 = '28 00 00000000 00 0001 00';
const WRITE_1 = '2a 00 00000000 00 0001 00';
const NO_TAG = 0xffffffff;

interface Setup {
  disk: MemoryDisk;
  target: Target;
  initiator: TestInitiator;
}

function loggedIn(keys: string[] = [], options: { pingInterval_ms?: number; sharedBudget?: ByteBudget } = {}): Setup {
  const disk = new MemoryDisk(16_384);
  const target = new Target({ name: 'iqn.2026-11.test:disk', luns: [1], deviceServer: disk, fenced: false });
  const initiator = new TestInitiator(directoryOf(target), options);
  initiator.login(target, 'InitialR2T=No', ...keys);
  initiator.take();
  return { disk, target, initiator };
}

function opcodes(responses: Response[]): number[] {
  return responses.map(({ opcode }) => opcode);
}

test('a read: data and status in one PDU', () => {
  const { disk, initiator } = loggedIn();
  disk.bytes.fill(0x5a, 0, 512);
  const [dataIn, ...others] = initiator.command({ tag: 7, flags: 'c0', cdb: READ_1, length: 512 });
  assert.is(others.length, 0);
  assert.is(dataIn?.opcode, 0x25);
  assert.is(dataIn?.flags, 0x81);
  assert.is(dataIn?.initiatorTaskTag, 7);
  assert.equal(dataIn?.data, Buffer.alloc(512, 0x5a));
  assert.is(dataIn?.expCmdSn, 2);
  assert.is(dataIn?.maxCmdSn, 2 + LIMITS.commands - 1);
});

test('a read in segments and bursts', () => {
  const { disk, initiator } = loggedIn([
    'MaxRecvDataSegmentLength=1024',
    'MaxBurstLength=1536',
    'FirstBurstLength=512',
  ]);
  for (let index = 0; index < 4096; index++) disk.bytes[index] = index >> 4;
  const responses = initiator.command({ tag: 7, flags: 'c0', cdb: '28 00 00000000 00 0008 00', length: 4096 });
  assert.equal(Buffer.concat(responses.map(({ data }) => data)), disk.bytes.subarray(0, 4096));
  assert.equal(
    responses.map(({ data, flags, header }) => [header.readUInt32BE(36), header.readUInt32BE(40), data.length, flags]),
    [
      [0, 0, 1024, 0x00],
      [1, 1024, 512, 0x80],
      [2, 1536, 1024, 0x00],
      [3, 2560, 512, 0x80],
      [4, 3072, 1024, 0x81],
    ],
  );
});

test('StatSN counts responses, and not data', () => {
  const { initiator } = loggedIn(['MaxRecvDataSegmentLength=512']);
  const first = initiator.command({ tag: 1, flags: 'c0', cdb: '28 00 00000000 00 0002 00', length: 1024 });
  const second = initiator.command({ tag: 2, flags: '80', cdb: '00' });
  assert.is(first.length, 2);
  assert.is(first[1]?.statSn, 101);
  assert.is(second[0]?.statSn, 102);
});

test('a write with immediate data', () => {
  const { disk, initiator } = loggedIn();
  const data = Buffer.alloc(512, 0x77);
  const [response] = initiator.command({ tag: 7, flags: 'a0', cdb: WRITE_1, length: 512, data });
  assert.is(response?.opcode, 0x21);
  assert.is(response?.header[3], 0);
  assert.equal(disk.bytes.subarray(0, 512), data);
});

test('a write that is asked for by R2T', () => {
  const { disk, initiator } = loggedIn(['MaxBurstLength=1024', 'FirstBurstLength=512', 'MaxOutstandingR2T=1']);
  const data = Buffer.from(Array.from({ length: 1536 }, (_, index) => index & 0xff));
  const [first] = initiator.command({ tag: 7, flags: 'a0', cdb: '2a 00 00000000 00 0003 00', length: 1536 });
  assert.is(first?.opcode, 0x31);
  assert.equal([first?.header.readUInt32BE(40), first?.header.readUInt32BE(44)], [0, 1024]);
  assert.is(first?.header.toString('hex', 8, 16), '0001000000000000');
  const transferTag = first?.header.readUInt32BE(20) ?? 0;
  const [second] = initiator.dataOut({
    tag: 7,
    transferTag,
    dataSn: 0,
    offset: 0,
    data: data.subarray(0, 1024),
    final: true,
  });
  assert.is(second?.opcode, 0x31);
  assert.equal(
    [second?.header.readUInt32BE(36), second?.header.readUInt32BE(40), second?.header.readUInt32BE(44)],
    [1, 1024, 512],
  );
  const next = second?.header.readUInt32BE(20) ?? 0;
  const [response] = initiator.dataOut({
    tag: 7,
    transferTag: next,
    dataSn: 0,
    offset: 1024,
    data: data.subarray(1024),
    final: true,
  });
  assert.is(response?.opcode, 0x21);
  assert.is(response?.header.readUInt32BE(36), 2);
  assert.equal(disk.bytes.subarray(0, 1536), data);
});

test('data that breaks the order fails the command at once, and only it', () => {
  const { disk, initiator } = loggedIn();
  const [r2t] = initiator.command({ tag: 7, flags: 'a0', cdb: WRITE_1, length: 512 });
  const transferTag = r2t?.header.readUInt32BE(20) ?? 0;
  const [response] = initiator.dataOut({
    tag: 7,
    transferTag,
    dataSn: 5,
    offset: 0,
    data: Buffer.alloc(512, 1),
    final: true,
  });
  assert.is(response?.opcode, 0x21);
  assert.is(response?.header[3], 2);
  assert.is(response?.data[4], 0x0b);
  assert.is(disk.tasks.length, 0);
  const [next] = initiator.command({ tag: 8, flags: '80', cdb: '00' });
  assert.is(next?.header[3], 0);
});

test('residuals in both directions', () => {
  const { initiator } = loggedIn();
  const rows: [string, string, number, Buffer | undefined, number, number][] = [
    // flags, CDB, expected length, data, residual flags, residual
    ['c0', READ_1, 1024, undefined, 0x02, 512],
    ['c0', READ_1, 256, undefined, 0x04, 256],
    ['a0', WRITE_1, 1024, Buffer.alloc(1024), 0x02, 512],
    ['a0', WRITE_1, 256, Buffer.alloc(256), 0x04, 256],
    ['80', READ_1, 0, undefined, 0x04, 512],
  ];
  for (const [flags, cdb, length, data, expected, residual] of rows) {
    const responses = initiator.command({ tag: 7, flags, cdb, length, ...(data && { data }) });
    const last = responses.at(-1);
    assert.is((last?.flags ?? 0) & 0x06, expected, `${flags} ${cdb} ${length}`);
    assert.is(last?.header.readUInt32BE(44), residual);
  }
});

test('CmdSN: early ones wait, those outside the window are ignored', () => {
  const { disk, initiator } = loggedIn();
  initiator.cmdSn = 2;
  assert.equal(initiator.command({ tag: 2, flags: '80', cdb: '00' }), []);
  initiator.cmdSn = 1 + LIMITS.commands;
  assert.equal(initiator.command({ tag: 3, flags: '80', cdb: '00' }), []);
  initiator.cmdSn = 1;
  const responses = initiator.command({ tag: 1, flags: '80', cdb: '00' });
  assert.equal(
    responses.map(({ initiatorTaskTag }) => initiatorTaskTag),
    [1, 2],
  );
  assert.is(disk.tasks.length, 2);
});

test('CmdSN and StatSN go across their wrap, in order and out of order', () => {
  const disk = new MemoryDisk(8);
  const target = new Target({ name: 'iqn.2026-11.test:disk', luns: [1], deviceServer: disk, fenced: false });
  const initiator = new TestInitiator(directoryOf(target));
  initiator.cmdSn = 0xfffffffd;
  const names = [`InitiatorName=${INITIATOR}`, `TargetName=${target.name}`, 'SessionType=Normal'];
  const first = { 0: '43', 1: '87', 8: ISID, 16: field(1, 4), 24: field(initiator.cmdSn, 4), 28: 'fffffffe' };
  initiator.send(first, text(...names));
  const seen = [];
  for (const step of [0, 1, 3, 2, 4]) {
    initiator.cmdSn = 0xfffffffd + step;
    for (const response of initiator.command({ tag: step, flags: '80', cdb: '00' })) {
      seen.push([response.initiatorTaskTag, response.statSn, response.expCmdSn, response.maxCmdSn]);
    }
  }
  const window = LIMITS.commands - 1;
  assert.equal(seen, [
    [0, 0xffffffff, 0xfffffffe, 0xfffffffe + window - 0x1_0000_0000],
    [1, 0, 0xffffffff, 0xffffffff + window - 0x1_0000_0000],
    [2, 1, 0, window],
    [3, 2, 1, 1 + window],
    [4, 3, 2, 2 + window],
  ]);
});

test('immediate commands go ahead of the order, up to a bound', () => {
  const { disk, initiator } = loggedIn();
  disk.held = [];
  for (let tag = 0; tag < LIMITS.immediateCommands; tag++) {
    assert.equal(initiator.command({ tag, flags: '80', cdb: '00', immediate: true }), []);
  }
  const [reject] = initiator.command({ tag: 99, flags: '80', cdb: '00', immediate: true });
  assert.is(reject?.opcode, 0x3f);
  assert.is(reject?.header[2], 0x06);
  assert.is(reject?.expCmdSn, 1);
});

test('Reject: what it is for, with the header that was rejected', () => {
  const { disk, initiator } = loggedIn();
  disk.held = [];
  initiator.command({ tag: 5, flags: '80', cdb: '00' });
  const rows: [() => Response[], number][] = [
    [() => initiator.send({ 0: '10' }), 0x03],
    [() => initiator.send({ 0: '1c' }), 0x05],
    [() => initiator.command({ tag: 5, flags: '80', cdb: '00' }), 0x07],
    [() => initiator.command({ tag: NO_TAG, flags: '80', cdb: '00' }), 0x09],
  ];
  for (const [provoke, reason] of rows) {
    const [reject] = provoke();
    assert.is(reject?.opcode, 0x3f);
    assert.is(reject?.header[2], reason);
    assert.is(reject?.data.length, 48);
  }
  assert.is(initiator.outlet.state, 'open');
});

test('NOP-Out is answered with its data', () => {
  const { initiator } = loggedIn();
  const [answer] = initiator.send(
    { 0: '40', 1: '80', 16: field(9, 4), 20: 'ffffffff', 24: field(1, 4) },
    Buffer.from('ping'),
  );
  assert.is(answer?.opcode, 0x20);
  assert.is(answer?.initiatorTaskTag, 9);
  assert.is(answer?.data.toString(), 'ping');
});

test('an idle session is pinged, and dropped if it does not answer', () => {
  const { target, initiator } = loggedIn([], { pingInterval_ms: 1_000 });
  const [ping] = initiator.wait(1);
  assert.is(ping?.opcode, 0x20);
  assert.is(ping?.initiatorTaskTag, NO_TAG);
  assert.is.not(ping?.header.readUInt32BE(20), NO_TAG);
  // The answer consumes nothing and proves life.
  const answer = { 0: '40', 1: '80', 16: 'ffffffff', 20: ping?.header.toString('hex', 20, 24) ?? '', 24: field(1, 4) };
  assert.equal(initiator.send(answer), []);
  assert.is(target.lastPduAt, initiator.now);
  initiator.wait(LIMITS.silence_ms / 1_000 - 1);
  assert.is(target.sessions.size, 1);
  initiator.wait(1);
  assert.is(target.sessions.size, 0);
  assert.is(initiator.outlet.state, 'ended');
});

test('without pings nobody is dropped', () => {
  const { target, initiator } = loggedIn();
  assert.equal(initiator.wait(100), []);
  assert.is(target.sessions.size, 1);
});

test('ABORT TASK of a task that collects data', () => {
  const { disk, initiator } = loggedIn();
  const [r2t] = initiator.command({ tag: 7, flags: 'a0', cdb: WRITE_1, length: 512 });
  const [response, ...others] = initiator.manage({ tag: 8, function: 1, task: 7 });
  assert.equal([response?.opcode, response?.header[2], others.length], [0x22, 0, 0]);
  const transferTag = r2t?.header.readUInt32BE(20) ?? 0;
  assert.equal(
    initiator.dataOut({ tag: 7, transferTag, dataSn: 0, offset: 0, data: Buffer.alloc(512), final: true }),
    [],
  );
  assert.is(disk.tasks.length, 0);
});

test('ABORT TASK waits for the disk, and the task has no response', () => {
  const { disk, initiator } = loggedIn();
  disk.held = [];
  initiator.command({ tag: 7, flags: 'a0', cdb: WRITE_1, length: 512, data: Buffer.alloc(512, 1) });
  assert.equal(initiator.manage({ tag: 8, function: 1, task: 7 }), []);
  disk.release();
  assert.equal(
    initiator.take().map(({ opcode, initiatorTaskTag, header }) => [opcode, initiatorTaskTag, header[2]]),
    [[0x22, 8, 0]],
  );
});

test('ABORT TASK does not wait for ever, and does not claim what is not so', () => {
  const { disk, initiator } = loggedIn();
  disk.held = [];
  initiator.command({ tag: 7, flags: '80', cdb: '00' });
  initiator.manage({ tag: 8, function: 1, task: 7 });
  const [response] = initiator.wait(LIMITS.abort_ms / 1_000);
  assert.is(response?.header[2], 255);
  disk.release();
  assert.equal(initiator.take(), []);
});

test('ABORT TASK of what is not there', () => {
  const { initiator } = loggedIn();
  initiator.command({ tag: 1, flags: '80', cdb: '00' });
  assert.is(initiator.manage({ tag: 8, function: 1, task: 7, refCmdSn: 1 })[0]?.header[2], 1);
  // One that is still on its way: its number is taken as received.
  assert.is(initiator.manage({ tag: 9, function: 1, task: 7, refCmdSn: 2 })[0]?.header[2], 0);
  initiator.cmdSn = 3;
  assert.is(initiator.command({ tag: 3, flags: '80', cdb: '00' })[0]?.opcode, 0x21);
});

test('resets end every task of every session, and reach the unit', () => {
  for (const [name, number] of [
    ['LOGICAL UNIT RESET', 5],
    ['TARGET WARM RESET', 6],
  ] as const) {
    const { disk, target, initiator } = loggedIn();
    const other = new TestInitiator(directoryOf(target));
    other.send(
      { 0: '43', 1: '87', 8: '400000020000' },
      text('InitiatorName=iqn.2026-11.test:other', `TargetName=${target.name}`),
    );
    other.take();
    other.cmdSn = 0;
    assert.is(other.command({ tag: 3, flags: 'a0', cdb: WRITE_1, length: 512 })[0]?.opcode, 0x31, name);
    assert.is(initiator.manage({ tag: 8, function: number })[0]?.header[2], 0, name);
    assert.is(disk.resets, 1, name);
    const late = { tag: 3, transferTag: 1, dataSn: 0, offset: 0, data: Buffer.alloc(512), final: true };
    assert.equal(other.dataOut(late), [], name);
    assert.is(disk.tasks.length, 0, name);
  }
});

test('what is done to one unit leaves the tasks of the others alone', () => {
  for (const [name, number, resetLuns] of [
    ['ABORT TASK SET', 2, []],
    ['CLEAR TASK SET', 4, []],
    ['LOGICAL UNIT RESET', 5, [2]],
  ] as const) {
    const disk = new MemoryDisk(16);
    const target = new Target({ name: 'iqn.2026-11.test:disk', luns: [1, 2], deviceServer: disk, fenced: false });
    const initiator = new TestInitiator(directoryOf(target));
    initiator.login(target, 'InitialR2T=Yes');
    for (const tag of [1, 2]) {
      const [r2t] = initiator.command({ tag, flags: 'a0', cdb: WRITE_1, length: 512, lun: `000${tag}` });
      assert.is(r2t?.opcode, 0x31, name);
    }
    assert.is(initiator.manage({ tag: 8, function: number, lun: '0002' })[0]?.header[2], 0, name);
    const late = (tag: number, transferTag: number) =>
      initiator.dataOut({ tag, transferTag, dataSn: 0, offset: 0, data: Buffer.alloc(512, tag), final: true });
    assert.equal(opcodes(late(2, 2)), [], `${name}: the task of the unit has ended`);
    assert.equal(opcodes(late(1, 1)), [0x21], `${name}: the other goes on`);
    assert.equal(
      disk.tasks.map(({ lun }) => lun),
      [1],
      name,
    );
    assert.equal(disk.resetLuns, resetLuns, name);
  }
});

test('TARGET COLD RESET drops the sessions after its answer', () => {
  const { target, initiator } = loggedIn();
  const [response] = initiator.manage({ tag: 8, function: 7 });
  assert.is(response?.header[2], 0);
  assert.is(initiator.outlet.state, 'ended');
  assert.is(target.sessions.size, 0);
});

test('task management that is refused', () => {
  const { initiator } = loggedIn();
  assert.is(initiator.manage({ tag: 8, function: 8 })[0]?.header[2], 4);
  assert.is(initiator.manage({ tag: 8, function: 3 })[0]?.header[2], 5);
  assert.is(initiator.manage({ tag: 8, function: 99 })[0]?.header[2], 5);
  assert.is(initiator.manage({ tag: 8, function: 5, lun: '0007' })[0]?.header[2], 2);
});

test('logout: outstanding commands end first', () => {
  const { disk, target, initiator } = loggedIn();
  disk.held = [];
  initiator.command({ tag: 7, flags: '80', cdb: '00' });
  assert.equal(initiator.send({ 0: '46', 1: '80', 16: field(9, 4) }), []);
  disk.release();
  assert.equal(opcodes(initiator.take()), [0x21, 0x26]);
  assert.is(initiator.outlet.state, 'ended');
  assert.is(target.sessions.size, 0);
  assert.is(disk.lostNexuses.length, 1);
});

test('logout of another connection, or for recovery, is refused', () => {
  const { initiator } = loggedIn();
  assert.is(initiator.send({ 0: '46', 1: '81', 16: field(9, 4), 20: '0005' })[0]?.header[2], 1);
  assert.is(initiator.send({ 0: '46', 1: '82', 16: field(9, 4) })[0]?.header[2], 2);
  assert.is(initiator.outlet.state, 'open');
});

test('a new login replaces the old session, after the last of its writes', () => {
  const { disk, target, initiator } = loggedIn();
  disk.held = [];
  initiator.command({ tag: 7, flags: 'a0', cdb: WRITE_1, length: 512, data: Buffer.alloc(512, 1) });
  const again = new TestInitiator(directoryOf(target));
  assert.equal(again.login(target), [], 'accepted while a write of the old session was outstanding');
  assert.is(initiator.outlet.state, 'ended');
  disk.release();
  assert.is(again.take()[0]?.flags, 0x87);
  assert.is(target.sessions.size, 1);
  assert.equal(initiator.take(), []);
  assert.is(again.command({ tag: 1, flags: 'c0', cdb: READ_1, length: 512 })[0]?.data[0], 1);
});

test('a session whose connection is gone keeps its successor out until its writes have landed', () => {
  const { disk, target, initiator } = loggedIn();
  disk.held = [];
  initiator.command({ tag: 7, flags: 'a0', cdb: WRITE_1, length: 512, data: Buffer.alloc(512, 1) });
  initiator.connection.closed();
  assert.is(target.sessions.size, 1);
  const again = new TestInitiator(directoryOf(target));
  assert.equal(again.login(target), []);
  disk.release();
  assert.is(again.take()[0]?.flags, 0x87);
});

test('a login that was not finished replaces nothing', () => {
  const { target, initiator } = loggedIn();
  const stranger = new TestInitiator(directoryOf(target));
  stranger.loginRequest(
    '81',
    'InitiatorName=iqn.2026-11.test:initiator',
    `TargetName=${target.name}`,
    'AuthMethod=None',
  );
  assert.is(target.sessions.size, 1);
  assert.is(initiator.outlet.state, 'open');
});

test('what comes from an old session after its end is not heard', () => {
  const { disk, target, initiator } = loggedIn();
  target.sessions.endAll('fenced', () => {});
  assert.is(target.sessions.size, 0);
  assert.equal(initiator.command({ tag: 7, flags: 'a0', cdb: WRITE_1, length: 512, data: Buffer.alloc(512, 1) }), []);
  assert.is(disk.tasks.length, 0);
});

test('a transfer over the bound is refused before any of it is asked for', () => {
  const { disk, initiator } = loggedIn();
  const blocks = LIMITS.transfer_bytes / 512 + 1;
  const cdb = `2a 00 00000000 00 ${field(blocks, 2)} 00`;
  const [response] = initiator.command({ tag: 7, flags: 'a0', cdb, length: 0xffffffff });
  assert.is(response?.opcode, 0x21);
  assert.is(response?.data[4], 0x05);
  assert.is(disk.tasks.length, 0);
});

test('no more data is in flight than the budget allows, whatever is announced', () => {
  const budget = new ByteBudget(1 << 20);
  const { disk, initiator } = loggedIn([], { sharedBudget: budget });
  initiator.outlet.blocked = [];
  for (let tag = 0; tag < LIMITS.commands; tag++) {
    initiator.command({ tag, flags: 'c0', cdb: '28 00 00000000 00 0400 00', length: 0xffffffff });
  }
  assert.is(disk.tasks.length, 1);
  assert.ok(initiator.outlet.paused, 'the socket is still being read');
  // The initiator reads: one after the other gets its turn, and in the end the socket is read again.
  for (let round = 0; round < LIMITS.commands && initiator.outlet.blocked.length > 0; round++) {
    for (const flushed of initiator.outlet.blocked.splice(0)) flushed();
  }
  assert.is(disk.tasks.length, LIMITS.commands);
  assert.not.ok(initiator.outlet.paused);
  assert.is(budget.used_bytes, 0);
});

test('writes that wait for room ask for their data when they have it', () => {
  const budget = new ByteBudget(1 << 20);
  const { initiator } = loggedIn([], { sharedBudget: budget });
  const cdb = '2a 00 00000000 00 0800 00';
  const first = initiator.command({ tag: 1, flags: 'a0', cdb, length: 1 << 20 });
  assert.equal(opcodes(first), [0x31]);
  assert.equal(initiator.command({ tag: 2, flags: 'a0', cdb, length: 1 << 20 }), []);
  assert.not.ok(initiator.outlet.paused, 'the data that was asked for is not read');
  const responses = initiator.manage({ tag: 9, function: 1, task: 1 });
  assert.equal(
    responses.map(({ opcode, initiatorTaskTag }) => [opcode, initiatorTaskTag]),
    [
      [0x31, 2],
      [0x22, 9],
    ],
  );
});

test('a peer that does not read is not read', () => {
  const { initiator } = loggedIn();
  initiator.outlet.backlog_bytes = LIMITS.backlog_bytes + 1;
  initiator.send({ 0: '40', 1: '80', 16: field(9, 4), 24: field(1, 4) });
  assert.ok(initiator.outlet.paused);
  initiator.outlet.backlog_bytes = 0;
  initiator.wait(1);
  assert.not.ok(initiator.outlet.paused);
});

test('text: what may be asked for, and what not', () => {
  const { target, initiator } = loggedIn();
  const ask = (...pairs: string[]): string => {
    const fields = { 0: '04', 1: '80', 16: field(5, 4), 20: 'ffffffff', 24: field(initiator.cmdSn++, 4) };
    return initiator.send(fields, text(...pairs))[0]?.data.toString() ?? '';
  };
  assert.is(ask('SendTargets='), `TargetName=${target.name}\0TargetAddress=10.0.0.1:3260,1\0`);
  assert.is(ask('SendTargets=All'), 'SendTargets=Reject\0');
  assert.is(ask('SendTargets=iqn.2026-11.test:other'), '');
  assert.is(ask('X-foo=1', 'HeaderDigest=None'), 'X-foo=NotUnderstood\0HeaderDigest=Reject\0');
  assert.is(ask('Nonsense=1', 'IFMarker=No'), 'Nonsense=NotUnderstood\0IFMarker=Reject\0');
});

test('a long answer comes in parts', () => {
  const { initiator } = loggedIn(['MaxRecvDataSegmentLength=512']);
  const keys = Array.from({ length: 30 }, (_, index) => `X-${'k'.repeat(20)}-${index}=1`);
  const fields = (transferTag: string) => ({
    0: '04',
    1: '80',
    16: field(5, 4),
    20: transferTag,
    24: field(initiator.cmdSn++, 4),
  });
  const [first] = initiator.send(fields('ffffffff'), text(...keys));
  assert.is(first?.data.length, 512);
  assert.is(first?.flags, 0x40);
  let whole = first?.data ?? Buffer.alloc(0);
  let last = first;
  for (let count = 0; count < 5 && last && (last.flags & 0x80) === 0; count++) {
    [last] = initiator.send(fields(last.header.toString('hex', 20, 24)));
    whole = Buffer.concat([whole, last?.data ?? Buffer.alloc(0)]);
  }
  assert.is(last?.flags, 0x80);
  assert.is(whole.toString(), keys.map((key) => `${key.replace('=1', '=NotUnderstood')}\0`).join(''));
});

const DROPPED: [string, (initiator: TestInitiator) => void][] = [
  ['a second login', (initiator) => initiator.loginRequest('87')],
  ['a data segment over the bound', (initiator) => initiator.connection.push(pduBytes({ 0: '05', 5: '040001' }), 1)],
  ['malformed text', (initiator) => initiator.send({ 0: '44', 1: '80', 20: 'ffffffff' }, Buffer.from('no end'))],
];
for (const [name, provoke] of DROPPED) {
  test(`${name} ends the connection`, () => {
    const { initiator } = loggedIn();
    provoke(initiator);
    assert.is(initiator.outlet.state, 'destroyed');
  });
}

test('bytes one by one give the same', () => {
  const { disk, initiator } = loggedIn();
  const write = pduBytes(
    { 0: '01', 1: 'a0', 8: '0001', 16: field(7, 4), 20: field(512, 4), 24: field(1, 4), 32: WRITE_1 },
    Buffer.alloc(512, 9),
  );
  for (const byte of write) initiator.connection.push(Buffer.of(byte), initiator.now);
  assert.equal(opcodes(initiator.take()), [0x21]);
  assert.is(disk.bytes[511], 9);
});

test.run();
