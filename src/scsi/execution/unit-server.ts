import type { Command } from '../command.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { CheckCondition } from '../sense.ts';
import { type DeviceServer, type Done, type Nexus, STATUS, type Task } from '../task.ts';
import { admit } from './admission.ts';
import { findCommand } from './command-table.ts';

/** The device server of a logical unit: executes the commands of its table on it. Shared by all sessions that reach the unit. */
export class UnitServer implements DeviceServer {
  readonly #unit: LogicalUnit;

  constructor(unit: LogicalUnit) {
    this.#unit = unit;
  }

  execute(task: Task, done: Done): void {
    const unit = this.#unit;
    const command = findCommand(unit, task.cdb);
    const wanted_bytes = command?.dataOutLength_bytes?.(task.cdb, unit) ?? 0;
    const execution = unit.tasks.begin(task);
    run(unit, task, command, (result) => {
      unit.tasks.end(execution);
      // The transfer layer turns it into the residual.
      done(wanted_bytes === task.dataOutLength_bytes ? result : { ...result, dataOutWanted_bytes: wanted_bytes });
    });
  }

  reset(): void {
    this.#unit.reset();
  }

  nexusLost(nexus: Nexus): void {
    this.#unit.nexusLost(nexus);
  }

  /** One block more for commands that need an exact length, so that too much data is detected. */
  dataOutLength_bytes(cdb: Buffer): number | undefined {
    const command = findCommand(this.#unit, cdb);
    if (command === undefined) return undefined;
    const wanted_bytes = command.dataOutLength_bytes?.(cdb, this.#unit) ?? 0;
    return command.exactDataOut ? wanted_bytes + this.#unit.blockSize_bytes : wanted_bytes;
  }
}

function run(unit: LogicalUnit, task: Task, found: Command | undefined, done: Done): void {
  try {
    const command = admit(unit, task, found);
    if (command === undefined) done({ status: STATUS.reservationConflict });
    else command.run(unit, task, done);
  } catch (error) {
    if (!(error instanceof CheckCondition)) throw error;
    done(unit.failed(error.sense));
  }
}
