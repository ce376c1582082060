import { good, goodUpTo } from './block-io.ts';
import { reportLuns } from './commands/identify.ts';
import { UnitServer } from './execution/unit-server.ts';
import { absentInquiry } from './inquiry.ts';
import type { LogicalUnit } from './logical-unit.ts';
import { CheckCondition, encodeSense, invalidCdbField, SENSE } from './sense.ts';
import { type DeviceServer, type Done, type Nexus, STATUS, type Task, type TaskResult } from './task.ts';

export interface TargetDeviceOptions {
  /** The number of the only LUN, below 256. */
  lun: number;
  unit: LogicalUnit;
}

/**
 * A target's SCSI device: routes tasks to its logical unit by LUN, and answers for those that aren't there (SPC-4 §5.9, SAM-5 §4.6):
 * REPORT LUNS, INQUIRY with qualifier 3, REQUEST SENSE; everything else ends in LOGICAL UNIT NOT SUPPORTED.
 *
 *     const device = new TargetDevice({ lun: 1, unit });
 */
export class TargetDevice implements DeviceServer {
  readonly #lun: number;
  readonly #unit: DeviceServer;

  constructor(options: TargetDeviceOptions) {
    this.#lun = options.lun;
    this.#unit = new UnitServer(options.unit);
  }

  execute(task: Task, done: Done): void {
    if (task.cdb[0] !== 0xa0 && task.lun === this.#lun) {
      this.#unit.execute(task, done);
      return;
    }
    let result: TaskResult;
    try {
      result = task.cdb[0] === 0xa0 ? good(reportLuns(this.#lun, task.cdb)) : absent(task.cdb);
    } catch (error) {
      if (!(error instanceof CheckCondition)) throw error;
      result = { status: STATUS.checkCondition, sense: encodeSense(error.sense, false) };
    }
    done(result);
  }

  reset(): void {
    this.#unit.reset();
  }

  nexusLost(nexus: Nexus): void {
    this.#unit.nexusLost(nexus);
  }

  dataOutLength_bytes(cdb: Buffer): number | undefined {
    return this.#unit.dataOutLength_bytes(cdb);
  }
}

function absent(cdb: Buffer): TaskResult {
  if (cdb[0] === 0x12) {
    if (((cdb[1] ?? 0) & 0x01) !== 0 || cdb[2] !== 0) throw invalidCdbField(2);
    return goodUpTo(cdb.readUInt16BE(3), absentInquiry());
  }
  if (cdb[0] === 0x03) {
    const descriptorFormat = ((cdb[1] ?? 0) & 0x01) !== 0;
    return goodUpTo(cdb[4] ?? 0, encodeSense(SENSE.logicalUnitNotSupported, descriptorFormat));
  }
  throw new CheckCondition(SENSE.logicalUnitNotSupported);
}
