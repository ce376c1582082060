import { goodUpTo } from '../block-io.ts';
import type { Command } from '../command.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { invalidCdbField } from '../sense.ts';

/** Command timeouts descriptor (SPC-4 §6.35.4): none is recommended. */
const TIMEOUTS = Buffer.from([0x00, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/**
 * REPORT SUPPORTED OPERATION CODES (SPC-4 §6.35): 2.7 RCTD, 2.2-0 reporting options, 3 opcode, 4-5 service action,
 * 6-9 allocation length. Generated from the command table, so that it is always right.
 *
 * @param commandsOf The table, as far as a unit has it.
 */
export function reportSupportedOperationCodes(commandsOf: (unit: LogicalUnit) => readonly Command[]): Command['run'] {
  return (unit, { cdb }, done) => {
    const withTimeouts = ((cdb[2] ?? 0) & 0x80) !== 0;
    const option = (cdb[2] ?? 0) & 0x07;
    const commands = commandsOf(unit);
    const data =
      option === 0
        ? allCommands(commands, withTimeouts)
        : oneCommand(commands, option, cdb[3] ?? 0, cdb.readUInt16BE(4), withTimeouts);
    done(goodUpTo(cdb.readUInt32BE(6), data));
  };
}

/** 0-3 length, then descriptors: 0 opcode, 2-3 service action, 5.1 CTDP, 5.0 SERVACTV, 6-7 CDB length, timeouts. */
function allCommands(commands: readonly Command[], withTimeouts: boolean): Buffer {
  const descriptors = commands.map((command) => {
    const descriptor = Buffer.alloc(8);
    descriptor[0] = command.opcode;
    descriptor.writeUInt16BE(command.serviceAction ?? 0, 2);
    descriptor[5] = (withTimeouts ? 0x02 : 0x00) | (command.serviceAction === undefined ? 0x00 : 0x01);
    descriptor.writeUInt16BE(command.usage.length, 6);
    return withTimeouts ? Buffer.concat([descriptor, TIMEOUTS]) : descriptor;
  });
  const header = Buffer.alloc(4);
  header.writeUInt32BE(
    descriptors.reduce((sum, descriptor) => sum + descriptor.length, 0),
    0,
  );
  return Buffer.concat([header, ...descriptors]);
}

/** 1.7 CTDP, 1.2-0 support (1 no, 3 yes), 2-3 CDB size, CDB usage data, timeouts. */
function oneCommand(
  commands: readonly Command[],
  option: number,
  opcode: number,
  serviceAction: number,
  withTimeouts: boolean,
): Buffer {
  const candidates = commands.filter((command) => command.opcode === opcode);
  const hasServiceActions = candidates.some((command) => command.serviceAction !== undefined);
  // Option 1 names an opcode without service actions, 2 one with them, 3 either (SPC-4 table 216).
  if (option > 3 || (option === 1 && hasServiceActions)) throw invalidCdbField(2, 2);
  if (option === 2 && candidates.length > 0 && !hasServiceActions) throw invalidCdbField(2, 2);
  const found = candidates.find((command) => (command.serviceAction ?? 0) === (hasServiceActions ? serviceAction : 0));
  if (found === undefined) return Buffer.from([0x00, 0x01, 0x00, 0x00]);
  const header = Buffer.from([0x00, withTimeouts ? 0x83 : 0x03, 0x00, found.usage.length]);
  return Buffer.concat(withTimeouts ? [header, found.usage, TIMEOUTS] : [header, found.usage]);
}
