import type { Command } from '../command.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { CheckCondition, invalidCdbField, SENSE } from '../sense.ts';
import type { Task } from '../task.ts';
import { hasServiceActions } from './command-table.ts';

/**
 * The checks before every command, in the order of SAM-5 §5.3.3: unit attention, opcode, control byte, reservation,
 * medium, write protection. `undefined` is a reservation conflict.
 *
 * @param command The unit's command for the task's CDB, if any.
 * @throws CheckCondition
 */
export function admit(unit: LogicalUnit, task: Task, command: Command | undefined): Command | undefined {
  const { cdb, nexus } = task;
  if (command?.attention !== 'keep') {
    const condition = unit.attentions.takeNext(nexus.id);
    if (condition !== undefined) throw new CheckCondition(condition);
  }
  if (command === undefined) throw unknownCommand(cdb);
  checkControl(cdb, command);
  if (unit.reservations.conflicts(nexus.id, command.access, cdb)) return undefined;
  if (command.medium && unit.medium !== 'ready') throw new CheckCondition(SENSE.mediumNotPresent);
  if (command.writes) checkWritable(unit);
  if (command.exactDataOut && command.dataOutLength_bytes?.(cdb, unit) !== task.dataOutLength_bytes) {
    throw new CheckCondition(SENSE.invalidFieldInCdb);
  }
  return command;
}

/** An unknown service action is an invalid field; an unknown opcode is an invalid opcode (SPC-4 §4.3.4). */
function unknownCommand(cdb: Buffer): CheckCondition {
  return hasServiceActions(cdb[0] ?? 0) ? invalidCdbField(1, 4) : new CheckCondition(SENSE.invalidOperationCode);
}

/** The CDB is complete and does not request NACA, which is not supported (byte 3 of standard INQUIRY data, SAM-5 §5.2). */
function checkControl(cdb: Buffer, command: Command): void {
  const controlAt = command.usage.length - 1;
  if (cdb.length <= controlAt) throw new CheckCondition(SENSE.invalidFieldInCdb);
  if (((cdb[controlAt] ?? 0) & 0x04) !== 0) throw invalidCdbField(controlAt, 2);
}

function checkWritable(unit: LogicalUnit): void {
  if (unit.readOnly) throw new CheckCondition(SENSE.writeProtected);
  if (unit.modePages.softwareWriteProtect) throw new CheckCondition(SENSE.softwareWriteProtected);
}
