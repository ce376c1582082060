import { checkInside, flush, good } from '../block-io.ts';
import { blockRangeOf } from '../cdb.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { CheckCondition, invalidCdbField, SENSE } from '../sense.ts';
import { type Done, STATUS, type Task } from '../task.ts';

/** SYNCHRONIZE CACHE 10, 16 (SBC-3 §5.24, §5.25). The whole unit is flushed, and IMMED waits too: both are allowed. */
export function synchronizeCache(unit: LogicalUnit, task: Task, done: Done): void {
  checkInside(unit, blockRangeOf(task.cdb));
  flush(unit, done);
}

/** PRE-FETCH 10, 16 (SBC-3 §5.9, §5.10): the page cache reads ahead anyway, so only the range is checked. */
export function prefetch(unit: LogicalUnit, task: Task, done: Done): void {
  checkInside(unit, blockRangeOf(task.cdb));
  done(good());
}

/**
 * START STOP UNIT (SBC-3 §5.23): 4.7-4 power condition, 4.1 LOEJ, 4.0 START. There is no motor: stopping flushes, power conditions
 * change nothing. A removable medium can be ejected and loaded
 * unless a nexus prevents it.
 */
export function startStopUnit(unit: LogicalUnit, task: Task, done: Done): void {
  const flags = task.cdb[4] ?? 0;
  if (flags >> 4 !== 0) {
    done(good());
    return;
  }
  const start = (flags & 0x01) !== 0;
  if ((flags & 0x02) !== 0) {
    if (!unit.removable) throw invalidCdbField(4, 1);
    if (unit.preventing.size > 0) throw new CheckCondition(SENSE.mediumRemovalPrevented);
    if (start) load(unit, task, done);
    else eject(unit, done);
    return;
  }
  if (unit.medium === 'ejected') throw new CheckCondition(SENSE.mediumNotPresent);
  if (start) done(good());
  else flush(unit, done);
}

function eject(unit: LogicalUnit, done: Done): void {
  flush(unit, (result) => {
    if (result.status === STATUS.good) unit.medium = 'ejected';
    done(result);
  });
}

function load(unit: LogicalUnit, task: Task, done: Done): void {
  if (unit.medium === 'ejected') unit.attentions.establishForOthers(SENSE.notReadyToReady, task.nexus.id);
  unit.medium = 'ready';
  done(good());
}

/** PREVENT ALLOW MEDIUM REMOVAL (SPC-4 §6.14): 4.1-0 PREVENT, kept for each nexus until it allows or is lost. */
export function preventAllowMediumRemoval(unit: LogicalUnit, task: Task, done: Done): void {
  const prevent = (task.cdb[4] ?? 0) & 0x03;
  if (prevent > 1) throw invalidCdbField(4, 1);
  if (prevent === 1) unit.preventing.add(task.nexus.id);
  else unit.preventing.delete(task.nexus.id);
  done(good());
}
