import { good } from '../block-io.ts';
import type { Command } from '../command.ts';
import { compareAndWrite, compareAndWriteLength_bytes, orWrite } from '../commands/compare-and-write.ts';
import * as identify from '../commands/identify.ts';
import * as medium from '../commands/medium.ts';
import { modeSelect, modeSelectLength_bytes, modeSense } from '../commands/mode.ts';
import * as persistentIn from '../commands/persistent-reserve-in.ts';
import * as persistentOut from '../commands/persistent-reserve-out.ts';
import * as provisioning from '../commands/provisioning.ts';
import { read, transferLength_bytes, write } from '../commands/read-write.ts';
import { reportSupportedOperationCodes } from '../commands/report-opcodes.ts';
import { release, reserve } from '../commands/reservation.ts';
import { verify, verifyLength_bytes, writeAndVerify } from '../commands/verify.ts';
import type { LogicalUnit } from '../logical-unit.ts';

/** A row: opcode and service action, CDB usage data as hexadecimal digits from byte 0 on, and the rest as named. */
function row(name: string, usage: string, rest: Omit<Command, 'name' | 'opcode' | 'usage'>): Command {
  const bytes = Buffer.from(usage.replaceAll(' ', ''), 'hex');
  return { name, opcode: bytes[0] ?? 0, usage: bytes, ...rest };
}

const READS = { access: 'read', medium: true } as const;
const WRITES = { access: 'write', medium: true, writes: true } as const;
const ALWAYS = { access: 'always' } as const;

/** START STOP UNIT that only starts may pass a reservation (SBC-3 table 13). */
const startStopAccess = (cdb: Buffer) => (cdb[4] === 0x01 ? 'always' : 'control');
/** So may PREVENT ALLOW MEDIUM REMOVAL that allows. */
const preventAccess = (cdb: Buffer) => (((cdb[4] ?? 0) & 0x03) === 0 ? 'always' : 'control');

/**
 * All commands of the logical unit, in the order of opcodes. Others are refused with INVALID OPERATION CODE. EXTENDED COPY,
 * RECEIVE COPY RESULTS (83h, 84h) and SANITIZE (48h) are missing on purpose: in other targets the first two have let initiators access
 * data that they must not reach, and the third would let a host erase its own standby leg.
 */
const COMMANDS: readonly Command[] = [
  row('TEST UNIT READY', '00 00 00 00 00 00', { access: 'ready', medium: true, run: identify.testUnitReady }),
  row('REQUEST SENSE', '03 01 00 00 ff 00', { ...ALWAYS, attention: 'keep', run: identify.requestSense }),
  row('READ(6)', '08 1f ff ff ff 00', { ...READS, run: read }),
  row('WRITE(6)', '0a 1f ff ff ff 00', { ...WRITES, dataOutLength_bytes: transferLength_bytes, run: write }),
  row('INQUIRY', '12 01 ff ff ff 00', { ...ALWAYS, attention: 'keep', run: identify.inquiry }),
  row('MODE SELECT(6)', '15 11 00 00 ff 00', {
    access: 'control',
    dataOutLength_bytes: modeSelectLength_bytes,
    run: modeSelect,
  }),
  row('RESERVE(6)', '16 00 00 00 00 00', { access: 'reserve', run: reserve }),
  row('RELEASE(6)', '17 00 00 00 00 00', { access: 'release', run: release }),
  row('MODE SENSE(6)', '1a 08 ff ff ff 00', { access: 'control', run: modeSense }),
  row('START STOP UNIT', '1b 01 00 0f f7 00', { access: startStopAccess, run: medium.startStopUnit }),
  row('PREVENT ALLOW MEDIUM REMOVAL', '1e 00 00 00 03 00', {
    access: preventAccess,
    run: medium.preventAllowMediumRemoval,
  }),
  row('READ CAPACITY(10)', '25 00 ff ff ff ff 00 00 01 00', {
    ...ALWAYS,
    medium: true,
    run: identify.readCapacity10,
  }),
  row('READ(10)', '28 f8 ff ff ff ff 00 ff ff 00', { ...READS, run: read }),
  row('WRITE(10)', '2a f8 ff ff ff ff 00 ff ff 00', {
    ...WRITES,
    dataOutLength_bytes: transferLength_bytes,
    run: write,
  }),
  row('WRITE AND VERIFY(10)', '2e f6 ff ff ff ff 00 ff ff 00', {
    ...WRITES,
    dataOutLength_bytes: transferLength_bytes,
    run: writeAndVerify,
  }),
  row('VERIFY(10)', '2f f6 ff ff ff ff 00 ff ff 00', {
    ...READS,
    dataOutLength_bytes: verifyLength_bytes,
    run: verify,
  }),
  row('PRE-FETCH(10)', '34 02 ff ff ff ff 00 ff ff 00', { ...READS, run: medium.prefetch }),
  row('SYNCHRONIZE CACHE(10)', '35 02 ff ff ff ff 00 ff ff 00', {
    access: 'write',
    medium: true,
    run: medium.synchronizeCache,
  }),
  row('READ DEFECT DATA(10)', '37 00 1f 00 00 00 00 ff ff 00', { ...READS, run: identify.readDefectData10 }),
  row('WRITE SAME(10)', '41 fe ff ff ff ff 00 ff ff 00', {
    ...WRITES,
    dataOutLength_bytes: provisioning.writeSameLength_bytes,
    exactDataOut: true,
    run: provisioning.writeSame,
  }),
  row('UNMAP', '42 01 00 00 00 00 00 ff ff 00', {
    ...WRITES,
    thin: true,
    dataOutLength_bytes: (cdb) => cdb.readUInt16BE(7),
    run: provisioning.unmap,
  }),
  row('MODE SELECT(10)', '55 11 00 00 00 00 00 ff ff 00', {
    access: 'control',
    dataOutLength_bytes: modeSelectLength_bytes,
    run: modeSelect,
  }),
  row('RESERVE(10)', '56 00 00 00 00 00 00 00 00 00', { access: 'reserve', run: reserve }),
  row('RELEASE(10)', '57 00 00 00 00 00 00 00 00 00', { access: 'release', run: release }),
  row('MODE SENSE(10)', '5a 18 ff ff 00 00 00 ff ff 00', { access: 'control', run: modeSense }),
  ...[
    persistentIn.readKeys,
    persistentIn.readReservation,
    persistentIn.reportCapabilities,
    persistentIn.readFullStatus,
  ].map((run, serviceAction) =>
    row('PERSISTENT RESERVE IN', '5e 1f 00 00 00 00 00 ff ff 00', { serviceAction, access: 'persistent', run }),
  ),
  ...[
    persistentOut.register,
    persistentOut.reservePersistently,
    persistentOut.releasePersistently,
    persistentOut.clear,
    persistentOut.preempt,
    persistentOut.preemptAndAbort,
    persistentOut.registerAndIgnoreExistingKey,
  ].map((run, serviceAction) =>
    row('PERSISTENT RESERVE OUT', '5f 1f ff 00 00 ff ff ff ff 00', {
      serviceAction,
      access: 'persistent',
      dataOutLength_bytes: persistentOut.persistentReserveOutLength_bytes,
      run,
    }),
  ),
  row('READ(16)', '88 f8 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', { ...READS, run: read }),
  row('COMPARE AND WRITE', '89 f8 ff ff ff ff ff ff ff ff 00 00 00 ff 00 00', {
    ...WRITES,
    dataOutLength_bytes: compareAndWriteLength_bytes,
    exactDataOut: true,
    run: compareAndWrite,
  }),
  row('WRITE(16)', '8a f8 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', {
    ...WRITES,
    dataOutLength_bytes: transferLength_bytes,
    run: write,
  }),
  row('ORWRITE(16)', '8b f8 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', {
    ...WRITES,
    dataOutLength_bytes: transferLength_bytes,
    run: orWrite,
  }),
  row('WRITE AND VERIFY(16)', '8e f6 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', {
    ...WRITES,
    dataOutLength_bytes: transferLength_bytes,
    run: writeAndVerify,
  }),
  row('VERIFY(16)', '8f f6 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', {
    ...READS,
    dataOutLength_bytes: verifyLength_bytes,
    run: verify,
  }),
  row('PRE-FETCH(16)', '90 02 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', { ...READS, run: medium.prefetch }),
  row('SYNCHRONIZE CACHE(16)', '91 02 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', {
    access: 'write',
    medium: true,
    run: medium.synchronizeCache,
  }),
  row('WRITE SAME(16)', '93 f9 ff ff ff ff ff ff ff ff ff ff ff ff 00 00', {
    ...WRITES,
    dataOutLength_bytes: provisioning.writeSameLength_bytes,
    exactDataOut: true,
    run: provisioning.writeSame,
  }),
  row('READ CAPACITY(16)', '9e 1f ff ff ff ff ff ff ff ff ff ff ff ff 01 00', {
    ...ALWAYS,
    serviceAction: 0x10,
    medium: true,
    run: identify.readCapacity16,
  }),
  row('GET LBA STATUS', '9e 1f ff ff ff ff ff ff ff ff ff ff ff ff 00 00', {
    ...READS,
    serviceAction: 0x12,
    run: provisioning.getLbaStatus,
  }),
  row('REPORT LUNS', 'a0 00 ff 00 00 00 ff ff ff ff 00 00', {
    ...ALWAYS,
    attention: 'keep',
    run: (_unit, task, done) => done(good(identify.reportLuns([task.lun], task.cdb))),
  }),
  row('REPORT TARGET PORT GROUPS', 'a3 ff 00 00 00 00 ff ff ff ff 00 00', {
    ...ALWAYS,
    serviceAction: 0x0a,
    run: identify.reportTargetPortGroups,
  }),
  row('REPORT SUPPORTED OPERATION CODES', 'a3 1f 87 ff ff ff ff ff ff ff 00 00', {
    ...ALWAYS,
    serviceAction: 0x0c,
    run: reportSupportedOperationCodes(commandsOf),
  }),
  row('REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS', 'a3 1f 80 00 00 00 ff ff ff ff 00 00', {
    ...ALWAYS,
    serviceAction: 0x0d,
    run: identify.reportSupportedTaskManagement,
  }),
  row('READ(12)', 'a8 f8 ff ff ff ff ff ff ff ff 00 00', { ...READS, run: read }),
  row('WRITE(12)', 'aa f8 ff ff ff ff ff ff ff ff 00 00', {
    ...WRITES,
    dataOutLength_bytes: transferLength_bytes,
    run: write,
  }),
  row('WRITE AND VERIFY(12)', 'ae f6 ff ff ff ff ff ff ff ff 00 00', {
    ...WRITES,
    dataOutLength_bytes: transferLength_bytes,
    run: writeAndVerify,
  }),
  row('VERIFY(12)', 'af f6 ff ff ff ff ff ff ff ff 00 00', {
    ...READS,
    dataOutLength_bytes: verifyLength_bytes,
    run: verify,
  }),
  row('READ DEFECT DATA(12)', 'b7 1f ff ff ff ff ff ff ff ff 00 00', { ...READS, run: identify.readDefectData12 }),
];

/** By opcode: one command, or several that differ by service action. */
const BY_OPCODE: readonly (Command | Command[] | undefined)[] = Array.from({ length: 256 }, (_, opcode) => {
  const rows = COMMANDS.filter((command) => command.opcode === opcode);
  return rows[0]?.serviceAction === undefined ? rows[0] : rows;
});

/** The command of a CDB, if this unit has it. The service action is in bits 4 to 0 of byte 1. */
export function findCommand(unit: LogicalUnit, cdb: Buffer): Command | undefined {
  const entry = BY_OPCODE[cdb[0] ?? 0];
  const serviceAction = (cdb[1] ?? 0) & 0x1f;
  const command = Array.isArray(entry) ? entry.find((each) => each.serviceAction === serviceAction) : entry;
  return command?.thin === true && !unit.thin ? undefined : command;
}

/** Whether an opcode that `findCommand` refused has other service actions. */
export function hasServiceActions(opcode: number): boolean {
  return Array.isArray(BY_OPCODE[opcode]);
}

/** Every command that this unit has. */
export function commandsOf(unit: LogicalUnit): Command[] {
  return COMMANDS.filter((command) => command.thin !== true || unit.thin);
}
