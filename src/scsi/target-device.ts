import { good, goodUpTo } from './block-io.ts';
import { reportLuns } from './commands/identify.ts';
import { UnitServer } from './execution/unit-server.ts';
import { absentInquiry } from './inquiry.ts';
import type { LogicalUnit } from './logical-unit.ts';
import { CheckCondition, encodeSense, invalidCdbField, SENSE } from './sense.ts';
import { type DeviceServer, type Done, type Nexus, STATUS, type Task, type TaskResult } from './task.ts';

export interface NumberedUnit {
  /** Below 256. */
  lun: number;
  unit: LogicalUnit;
}

/**
 * A target's SCSI device: routes tasks to its logical units by LUN, and answers for LUNs that do not exist (SPC-4 §5.9, SAM-5 §4.6):
 * REPORT LUNS, INQUIRY with qualifier 3, REQUEST SENSE; everything else ends in LOGICAL UNIT NOT SUPPORTED.
 *
 *     const device = new TargetDevice([{ lun: 1, unit }]);
 */
export class TargetDevice implements DeviceServer {
  readonly #units: Map<number, DeviceServer>;

  constructor(units: readonly NumberedUnit[] = []) {
    this.#units = new Map(units.map(({ lun, unit }) => [lun, new UnitServer(unit)]));
  }

  /** How many logical units there are. */
  get size(): number {
    return this.#units.size;
  }

  /** Adds the server of a logical unit, also for sessions that are open. */
  attach(lun: number, server: DeviceServer): void {
    this.#units.set(lun, server);
  }

  /** Removes a logical unit: later tasks find none there. Those already in its server end there. */
  detach(lun: number): void {
    this.#units.delete(lun);
  }

  execute(task: Task, done: Done): void {
    const isReportLuns = task.cdb[0] === 0xa0;
    const unit = this.#units.get(task.lun);
    if (unit && !isReportLuns) {
      unit.execute(task, done);
      return;
    }
    let result: TaskResult;
    try {
      result = isReportLuns ? good(reportLuns([...this.#units.keys()], task.cdb)) : absent(task.cdb);
    } catch (error) {
      if (!(error instanceof CheckCondition)) throw error;
      result = { status: STATUS.checkCondition, sense: encodeSense(error.sense, false) };
    }
    done(result);
  }

  reset(lun?: number): void {
    for (const [number, unit] of this.#units) if (lun === undefined || lun === number) unit.reset();
  }

  nexusLost(nexus: Nexus): void {
    for (const unit of this.#units.values()) unit.nexusLost(nexus);
  }

  dataOutLength_bytes(cdb: Buffer, lun: number): number | undefined {
    return this.#units.get(lun)?.dataOutLength_bytes(cdb, lun);
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
