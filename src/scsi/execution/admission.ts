import type { Command } from '../command.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { CheckCondition, invalidCdbField, SENSE } from '../sense.ts';
import type { Task } from '../task.ts';
import { hasServiceActions } from './command-table.ts';

/**
 * What stands before every command, in the order of SAM-5 §5.3.3: unit attention, opcode, control byte, reservation,
 * medium, write protection. `undefined` is a reservation conflict.
 *
 * @param command What the unit has for the task's CDB, if anything.
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

/** A service action that an opcode doesn't have is a wrong field; an opcode that isn't there is a wrong opcode (SPC-4 §4.3.4). */
function unknownCommand(cdb: Buffer): CheckCondition {
  return hasServiceActions(cdb[0] ?? 0) ? invalidCdbField(1, 4) : new CheckCondition(SENSE.invalidOperationCode);
}

/** The CDB is whole, and NACA, which byte 3 of standard INQUIRY data says is not supported (SAM-5 §5.2), is not asked for. */
function checkControl(cdb: Buffer, command: Command): void {
  const controlAt = command.usage.length - 1;
  if (cdb.length <= controlAt) throw new CheckCondition(SENSE.invalidFieldInCdb);
  if (((cdb[controlAt] ?? 0) & 0x04) !== 0) throw invalidCdbField(controlAt, 2);
}

function checkWritable(unit: LogicalUnit): void {
  if (unit.readOnly) throw new CheckCondition(SENSE.writeProtected);
  if (unit.modePages.softwareWriteProtect) throw new CheckCondition(SENSE.softwareWriteProtected);
}
