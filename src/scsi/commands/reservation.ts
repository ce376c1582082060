import { good } from '../block-io.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { invalidCdbField } from '../sense.ts';
import { type Done, STATUS, type Task } from '../task.ts';

/** RESERVE 6, 10 (SPC-2 §7.21, §7.22): the whole unit, for the nexus itself; third parties and extents are obsolete. */
export function reserve(unit: LogicalUnit, task: Task, done: Done): void {
  checkPlain(task.cdb);
  // With registrations a registrant's RESERVE changes nothing (CRH, SPC-4 §5.13.3); others were refused before.
  const granted = unit.reservations.state.registrations.size > 0 || unit.reservations.reserveClassic(task.nexus.id);
  done(granted ? good() : { status: STATUS.reservationConflict });
}

/** RELEASE 6, 10 (SPC-2 §7.16, §7.17): it does nothing to a reservation of another nexus. */
export function release(unit: LogicalUnit, task: Task, done: Done): void {
  checkPlain(task.cdb);
  unit.reservations.releaseClassic(task.nexus.id);
  done(good());
}

/** 1.4 third party, 1.0 extent, 1.1 long identifier (10 only). */
function checkPlain(cdb: Buffer): void {
  const flags = (cdb[1] ?? 0) & 0x13;
  if (flags !== 0) throw invalidCdbField(1);
}
