import { good } from '../block-io.ts';
import { join } from '../data.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import type { ReservationState } from '../reservation-state.ts';
import { isAllRegistrants, isReservationType, type Reservations } from '../reservations.ts';
import { CheckCondition, invalidCdbField, invalidParameter, SENSE } from '../sense.ts';
import { type Done, STATUS, type Task } from '../task.ts';

/** Registrations kept at most; more are refused with INSUFFICIENT REGISTRATION RESOURCES. */
const REGISTRATION_LIMIT = 128;

/** The basic parameter list (SPC-4 §6.16.3): 0-7 reservation key, 8-15 service action reservation key, 20 flags. */
interface Parameters {
  key: bigint;
  actionKey: bigint;
  aptpl: boolean;
  /** Scope and type, from byte 2 of the CDB. */
  scope: number;
  type: number;
}

type Action = (reservations: Reservations, task: Task, parameters: Parameters) => void;

/** A key that does not match, or any other reason for RESERVATION CONFLICT. */
class ReservationConflict extends Error {}

/**
 * Wraps a service action: parameters before, durability after (SPC-4 §5.13.4: APTPL is stored before GOOD is sent). A change that
 * cannot be made durable is undone.
 *
 * @param aborts Whether the tasks of those who lose their registration end before GOOD.
 */
function persistentReserveOut(action: Action, aborts = false) {
  return (unit: LogicalUnit, task: Task, done: Done): void => {
    const parameters = readParameters(unit.reservations, task);
    const before = unit.reservations.snapshot();
    try {
      action(unit.reservations, task, parameters);
      unit.reservations.save();
    } catch (error) {
      unit.reservations.restore(before);
      if (error instanceof ReservationConflict) {
        done({ status: STATUS.reservationConflict });
        return;
      }
      if (error instanceof CheckCondition) throw error;
      done(unit.failed(SENSE.internalTargetFailure));
      return;
    }
    if (aborts) unit.tasks.abort(preemptedSince(before, unit.reservations, task), () => done(good()));
    else done(good());
  };
}

/** Nexuses that were registered before and no longer are. The preempting nexus does not abort itself. */
function preemptedSince(before: ReservationState, { state }: Reservations, { nexus }: Task): Set<string> {
  const preempted = [...before.registrations.keys()].filter((nexusId) => !state.registrations.has(nexusId));
  return new Set(preempted.filter((nexusId) => nexusId !== nexus.id));
}

function readParameters(reservations: Reservations, task: Task): Parameters {
  if (task.cdb.readUInt32BE(5) !== 24 || task.dataOutLength_bytes < 24) {
    throw new CheckCondition(SENSE.parameterListLengthError);
  }
  const list = join(task.dataOut);
  const flags = list[20] ?? 0;
  // SPEC_I_PT: registering for other nexuses is not offered.
  if ((flags & 0x08) !== 0) throw invalidParameter(20, 3);
  const aptpl = (flags & 0x01) !== 0;
  if (aptpl && !reservations.canPersist) throw invalidParameter(20, 0);
  const scopeAndType = task.cdb[2] ?? 0;
  return {
    key: list.readBigUInt64BE(0),
    actionKey: list.readBigUInt64BE(8),
    aptpl,
    scope: scopeAndType >> 4,
    type: scopeAndType & 0x0f,
  };
}

/** All actions except registering ones are for registrants, identified by their key (SPC-4 §5.13.5). */
function checkKey(reservations: Reservations, task: Task, parameters: Parameters): void {
  if (reservations.state.registrations.get(task.nexus.id)?.key !== parameters.key) throw new ReservationConflict();
}

function checkType(parameters: Parameters): void {
  if (parameters.scope !== 0) throw invalidCdbField(2, 7);
  if (!isReservationType(parameters.type)) throw invalidCdbField(2, 3);
}

function registerWith(ignoresKey: boolean): Action {
  return (reservations, task, parameters) => {
    const { state } = reservations;
    const known = state.registrations.get(task.nexus.id);
    if (!ignoresKey && (known?.key ?? 0n) !== parameters.key) throw new ReservationConflict();
    if (parameters.actionKey !== 0n && known === undefined && state.registrations.size >= REGISTRATION_LIMIT) {
      throw new CheckCondition(SENSE.insufficientRegistrationResources);
    }
    if (parameters.actionKey !== 0n) reservations.register(task.nexus, parameters.actionKey);
    else if (known === undefined) return;
    else reservations.unregister(task.nexus.id);
    state.aptpl = parameters.aptpl;
    bumpGeneration(reservations);
  };
}

export const register = persistentReserveOut(registerWith(false));
export const registerAndIgnoreExistingKey = persistentReserveOut(registerWith(true));

/** RESERVE (SPC-4 §5.13.9): repeated by its holder with the same type, it changes nothing; any other while one exists is a conflict. */
export const reservePersistently = persistentReserveOut((reservations, task, parameters) => {
  checkType(parameters);
  checkKey(reservations, task, parameters);
  const { state } = reservations;
  if (state.reservation === undefined) state.reservation = { holderId: task.nexus.id, type: parameters.type };
  else if (!reservations.isHolder(task.nexus.id) || state.reservation.type !== parameters.type)
    throw new ReservationConflict();
});

/** RELEASE (SPC-4 §5.13.11.2): without a reservation, or by a registrant that does not hold it, it does nothing. */
export const releasePersistently = persistentReserveOut((reservations, task, parameters) => {
  checkKey(reservations, task, parameters);
  const { reservation } = reservations.state;
  if (reservation === undefined || !reservations.isHolder(task.nexus.id)) return;
  if (parameters.scope !== 0 || parameters.type !== reservation.type) {
    throw new CheckCondition(SENSE.invalidReleaseOfPersistentReservation);
  }
  reservations.release(task.nexus.id);
});

/** CLEAR (SPC-4 §5.13.11.5): the reservation and all registrations end. */
export const clear = persistentReserveOut((reservations, task, parameters) => {
  checkKey(reservations, task, parameters);
  const { state } = reservations;
  for (const nexusId of state.registrations.keys()) {
    if (nexusId !== task.nexus.id) reservations.attentions.establish(SENSE.reservationsPreempted, nexusId);
  }
  state.registrations.clear();
  state.reservation = undefined;
  bumpGeneration(reservations);
});

/** Removes the registrations with a key; if that is the holder's, the reservation passes to the preempting nexus. */
const removePreempted: Action = (reservations, task, parameters) => {
  checkType(parameters);
  checkKey(reservations, task, parameters);
  const { state } = reservations;
  const { reservation, registrations } = state;
  const all = reservation !== undefined && isAllRegistrants(reservation.type);
  if (parameters.actionKey === 0n && !all) throw invalidParameter(8);
  const takesOver = reservation !== undefined && holdsWith(reservations, parameters.actionKey);
  const removed = [...registrations.values()].filter(
    ({ nexusId, key }) =>
      (nexusId !== task.nexus.id || !takesOver) &&
      (key === parameters.actionKey || (all && parameters.actionKey === 0n && nexusId !== task.nexus.id)),
  );
  if (removed.length === 0 && !takesOver) throw new ReservationConflict();
  for (const { nexusId } of removed) {
    registrations.delete(nexusId);
    if (nexusId !== task.nexus.id) reservations.attentions.establish(SENSE.registrationsPreempted, nexusId);
  }
  if (takesOver) {
    const typeChanged = reservation.type !== parameters.type;
    state.reservation = { holderId: task.nexus.id, type: parameters.type };
    if (typeChanged) announceRelease(reservations, task.nexus.id);
  } else if (registrations.size === 0) {
    state.reservation = undefined;
  }
  bumpGeneration(reservations);
};

/** PREEMPT (SPC-4 §5.13.11.3). */
export const preempt = persistentReserveOut(removePreempted);

/** PREEMPT AND ABORT (SPC-4 §5.13.11.4): like PREEMPT, and no write of the preempted nexus reaches the medium after GOOD. */
export const preemptAndAbort = persistentReserveOut(removePreempted, true);

/** Whether the reservation is held with that key; of an All Registrants type, 0 stands for all of its holders. */
function holdsWith({ state }: Reservations, key: bigint): boolean {
  const { reservation, registrations } = state;
  if (reservation === undefined) return false;
  if (isAllRegistrants(reservation.type)) return key === 0n;
  return registrations.get(reservation.holderId)?.key === key;
}

function announceRelease(reservations: Reservations, exceptNexusId: string): void {
  for (const nexusId of reservations.state.registrations.keys()) {
    if (nexusId !== exceptNexusId) reservations.attentions.establish(SENSE.reservationsReleased, nexusId);
  }
}

function bumpGeneration({ state }: Reservations): void {
  state.generation = (state.generation + 1) >>> 0;
}

/** The parameter list's length, which byte 5 to 8 of the CDB give. */
export function persistentReserveOutLength_bytes(cdb: Buffer): number {
  return cdb.readUInt32BE(5);
}
